"""What commands and pages cost where there is much of everything: `python -m benchmarks.operators [clients [grants]]`.

100,000 clients, and two people with 5,000 grants each, of as many apps; on SQLite. Needs redis-server and 1 GiB.
"""

import base64
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import insert

import auth_service
from auth_service.components import Components
from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.secret import secret_digest
from auth_service.settings import Settings
from auth_service.storage.grant_keys import GrantKeys
from benchmarks import report
from benchmarks.processes import cpu_seconds, peak_memory, running

TITLE = "Much of everything"
_PORT = 18_460
_SCOPE, _RESOURCE = "body_weight:read", "http://localhost:9/api/"
_PASSWORD = "a password of the benchmark"
_PEOPLE = ("mo", "ada")

Row = tuple[str, str, str, str, str]
"""What was done; seconds of CPU, of the clock; the process' greatest MiB, bytes of the answer."""


def main() -> None:
    """Measure and write the results."""
    given = [int(each) for each in sys.argv[1:]]
    clients, grants = given + [100_000, 5_000][len(given) :]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "AUTH_ISSUER": "http://localhost:8000",
            "AUTH_DATABASE_URL": f"sqlite:///{Path(folder) / 'auth.sqlite'}",
            "AUTH_REDIS_URL": f"redis://127.0.0.1:{_PORT}/0",
            "AUTH_TOKEN_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AUTH_LOG_LEVEL": "ERROR",
        }
        with running(["redis-server", "--port", str(_PORT), "--save", "", "--dir", folder]):
            app = auth_service.create_app(Settings.load(environment))
            _fill(app.extensions["auth_service"], clients, grants)
            rows = [
                _command(environment, "client", "list"),
                _command(environment, "grant", "list", "--username", "mo"),
                _page(app),
                _command(environment, "account", "disable", "mo"),
                _command(environment, "client", "delete", _client_id(0)),
            ]
    lines = ["| | CPU s | s | peak MiB | answer, kB |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    intro = f"{clients:,} clients on SQLite; mo has a grant of each of {grants:,} apps, ada {grants:,} of one."
    report.write(TITLE, "\n".join((intro, "", *lines)))
    print("\n".join(lines))


def _fill(parts: Components, clients: int, grants: int) -> None:
    parts.database.upgrade()
    parts.resource_servers.save("fit", _RESOURCE, secret_digest(secrets.token_hex(32)), {_SCOPE: "See it"}, new=True)
    mo, ada = (parts.accounts.create(name, _PASSWORD).id for name in _PEOPLE)
    expires_at = now() + timedelta(days=90)
    living: list[GrantRecord] = []
    for begin in range(0, clients, 10_000):
        numbers = range(begin, min(clients, begin + 10_000))
        own = {number: new_grant_id() for number in numbers}
        with parts.database.writing() as session:
            session.execute(insert(Client), [_client(number, own[number]) for number in numbers])
            session.execute(insert(GrantRecord), [_grant(own[number], number, None) for number in numbers])
    with parts.database.writing() as session:
        for account_id, number_of in ((mo, lambda number: number), (ada, lambda _: 0)):
            rows = [
                {**_grant(new_grant_id(), number_of(number), account_id), "expires_at": expires_at}
                for number in range(grants)
            ]
            session.execute(insert(GrantRecord), rows)
            living += [GrantRecord(**row) for row in rows]
    keys, rotated_at = GrantKeys(parts.settings.redis_shards), str(int(time.time() * 1000))
    with parts.redis.scripts.pipeline(transaction=False) as pipeline:
        for each in living:
            fields = {"client_id": each.client_id, "subject": str(each.account_id), "scopes": _SCOPE}
            more = {"audience": _RESOURCE, "rotated_at": rotated_at, "generation": "1"}
            pipeline.hset(keys.grant(each.id), mapping={**fields, **more})
            pipeline.expire(keys.grant(each.id), 86_400)
        pipeline.execute()
    parts.reconciler.run_once()


def _client(number: int, own_grant_id: str) -> dict[str, object]:
    return {
        "client_id": _client_id(number),
        "name": f"Client {number}",
        "secret_digest": secret_digest(str(number)),
        "redirect_uris": (f"https://client{number}.example/callback",),
        "grant_types": ("authorization_code", "refresh_token"),
        "scopes": (_SCOPE,),
        "own_grant_id": own_grant_id,
    }


def _grant(grant_id: str, number: int, account_id: str | None) -> dict[str, object]:
    words = {"scopes": (_SCOPE,), "audience": (_RESOURCE,)}
    return {"id": grant_id, "account_id": account_id, "client_id": _client_id(number), **words}


def _client_id(number: int) -> str:
    return f"client_{number:016d}"


def _command(environment: dict[str, str], *arguments: str) -> Row:
    """Run a command of the service as a process of its own, reading all that it prints."""
    began, cpu, peak, length = time.perf_counter(), 0.0, 0, 0
    command = [str(Path(sys.executable).with_name("flask")), "--app", "auth_service", *arguments]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    while process.poll() is None:
        with suppress(FileNotFoundError, ValueError):  # it has just ended
            cpu, peak = cpu_seconds([process.pid]), peak_memory([process.pid])
        length += len(process.stdout.read() or b"")
        time.sleep(0.005)
    length += len(process.stdout.read() or b"")
    assert process.returncode == 0
    named = " ".join(arguments[:2])
    return named, f"{cpu:.1f}", f"{time.perf_counter() - began:.1f}", f"{peak / 2**20:.0f}", f"{length / 1000:,.0f}"


def _page(app: Flask) -> Row:
    """The page of connected apps, as the person with most of them sees it first."""
    browser = app.test_client()
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', browser.get("/sign-in").text)
    assert token is not None
    form = {"csrf_token": token[1], "username": "mo", "password": _PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303
    cpu, seconds, length = _timed(lambda: len(browser.get("/connected-apps").data))
    return "connected apps, the page", f"{cpu:.2f}", f"{seconds:.2f}", "", f"{length / 1000:,.0f}"


def _timed(act: Callable[[], int]) -> tuple[float, float, int]:
    cpu, began = time.process_time(), time.perf_counter()
    length = act()
    return time.process_time() - cpu, time.perf_counter() - began, length


if __name__ == "__main__":
    main()
