"""Both databases restored from the commands' backups, with an empty Redis: what ends, survives, and comes back."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url

from tests.support.actions import Actions, error_of, tokens
from tests.support.polling import eventually
from tests.support.postgresql import new_database
from tests.support.servers import running_redis
from tests.support.stack import Stack


@pytest.fixture(params=["sqlite", "postgresql"])
def stack(request: pytest.FixtureRequest, start_stack: Callable[..., Stack]) -> Iterator[Stack]:
    """With stores that nobody else uses."""
    databases = {}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        databases = {"database_url": new_database(server, "auth"), "fit_database_url": new_database(server, "fit")}
    with running_redis() as redis:
        yield start_stack(redis=redis.url, fit_redis_url=redis.url, **databases)


def run(app: Flask, *arguments: str) -> dict[str, Any]:
    result = app.test_cli_runner().invoke(args=list(arguments))
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def restore(app: Flask, file: Path) -> None:
    """As docs/operations.md says, while nothing is open."""
    parts = app.extensions.get("auth_service") or app.extensions["fit_service"]
    parts.database.close()
    place = make_url(parts.settings.database_url)
    if place.get_backend_name() == "sqlite":
        for suffix in ("-wal", "-shm"):
            Path(f"{place.database}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(file, str(place.database))
    else:
        server = ["--host", str(place.host), "--port", str(place.port), "--username", str(place.username)]
        command = ["pg_restore", *server, "--clean", "--if-exists", "--no-owner", "--single-transaction"]
        subprocess.run([*command, f"--dbname={place.database}", str(file)], check=True)
    run(app, "database", "upgrade")


def test_what_ends_what_survives_and_what_comes_back(stack: Stack, actions: Actions, tmp_path: Path) -> None:
    mo, ada, app = actions.person(), actions.person(), actions.app()
    old = app.connect(mo)
    insert = {"unit": "kg", "created_at": "2026-01-01T08:00:00Z"}
    entry = actions.fit("POST", token=old.access, json={"body_weight": 80, **insert})
    signing = stack.command("signing-key", "rotate")
    backups = {stack.auth_app: tmp_path / "auth.backup", stack.fit_app: tmp_path / "fit.backup"}
    for service, file in backups.items():
        assert run(service, "database", "backup", str(file)) == {"file": str(file), "bytes": file.stat().st_size}

    late = app.connect(mo)
    lost = actions.fit("POST", token=late.access, json={"body_weight": 81, **insert})
    position = actions.fit("GET", "/api/body_weight/?updated_since=0", late.access).headers["Updated-Since"]
    newcomer = actions.person()
    stack.command("account", "disable", ada.username)

    stack.parts.redis.scripts.flushdb()
    for service, file in backups.items():
        restore(service, file)
    run(stack.fit_app, "database", "restored")
    eventually(lambda: actions.introspection(old.access).status_code == 200)

    # ends: every token, code and browser session
    for each in (old, late):
        assert not actions.is_active(each.access)
        assert error_of(app.refresh(each.refresh)) == (400, "invalid_grant")
    eventually(lambda: actions.fit("GET", token=late.access).status_code == 401)  # which here wasn't stopped meanwhile
    assert "/sign-in" in mo.browser.follow("/connected-apps").url

    # survives: people, apps, resource servers and their secrets, what was allowed, signing keys, entries
    mo.sign_in()
    assert "No app has access to your account" in mo.browser.get("/connected-apps").text
    again = app.connect(mo)
    assert actions.introspect(again.access)["sub"] == mo.subject
    assert tokens(app.refresh(again.refresh))
    assert stack.command("signing-key", "list") == signing
    assert actions.fit("GET", entry.headers["Location"], again.access).json() == entry.json()

    # is lost: what came after the backup
    assert newcomer.sign_in().status_code == 401
    assert actions.fit("GET", lost.headers["Location"], again.access).status_code == 404
    assert actions.fit("GET", f"/api/body_weight/?updated_since={position}", again.access).status_code == 410

    # comes back: what was disabled or removed after it
    assert stack.command("account", "show", ada.username)["enabled"]
    ada.sign_in()
    assert "Connected apps" in ada.browser.get("/connected-apps").text
