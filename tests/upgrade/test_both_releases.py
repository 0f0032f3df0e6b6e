"""The release before works on this one's schema and data, and this one on what that one wrote meanwhile.

So an update begins with `database upgrade`, while the processes of before go on, and can be undone without going back.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

import auth_service
import fit_service
from auth_service.settings import Settings
from fit_service.settings import Settings as FitSettings
from tests.support.actions import READ, TIMEOUT, WRITE, Actions, App, Person, Tokens, tokens
from tests.support.gunicorn_process import ROOT, GunicornProcess
from tests.support.postgresql import new_database
from tests.support.servers import free_port, redis_server, running_redis
from tests.support.stack import SCOPES, TOKEN_KEY, ResourceServerCredentials, Stack
from tests.support.webhook_caller import NOWHERE, WEBHOOKS
from tests.upgrade.release_before import unpack

BEFORE_IS_READY = False
"""0.1.0 answers rightly on a later schema and all the same says 503 at `/health/ready`; what came after it doesn't."""


@dataclass
class Installation:
    """One set of stores, and the settings that both releases take."""

    folder: Path
    stack: Stack
    auth: dict[str, str]
    fit: dict[str, str]
    ports: tuple[int, int]

    @contextmanager
    def running(self, release: str, code: Path, *options: str) -> Iterator[None]:
        """Both services, with the code in that folder, at the same addresses as ever. `options` are gunicorn's."""
        with ExitStack() as processes:
            for service, settings, port in zip(
                ("auth_service", "fit_service"), (self.auth, self.fit), self.ports, strict=True
            ):
                log = self.folder / f"{release} {service}.log"
                served = ("-c", f"{service}/gunicorn.conf.py", "-w", "1", *options)
                process = GunicornProcess(f"{service}.wsgi:app", port, settings, *served, log=log, code=code)
                process.start()
                processes.callback(process.stop)
                process.wait_until_ready("/health/live")
            yield


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.torture), "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """Its schema is this release's."""
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with ExitStack() as stores:
        redis = stores.enter_context(running_redis()).url
        urls = [f"sqlite:///{tmp_path / name}.sqlite" for name in ("auth", "fit")]
        if request.param == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            urls = [new_database(server, name) for name in ("auth", "fit")]
        ports = free_port(), free_port()
        issuer, api = (f"http://localhost:{port}" for port in ports)
        auth = {
            "AUTH_ISSUER": issuer,
            "AUTH_DATABASE_URL": urls[0],
            "AUTH_REDIS_URL": redis,
            "AUTH_TOKEN_KEYS": TOKEN_KEY,
            "AUTH_LOG_LEVEL": "INFO",
        }
        auth_app = auth_service.create_app(Settings.load(auth))
        parts = auth_app.extensions["auth_service"]
        parts.database.upgrade()
        stores.callback(parts.database.close)
        fit = {
            "FIT_RESOURCE": f"{api}/api/",
            "FIT_ISSUER": issuer,
            "FIT_CLIENT_ID": "moogle-fit",
            "FIT_DATABASE_URL": urls[1],
            "FIT_INTROSPECTION_DEADLINE": "30",
            "FIT_LOG_LEVEL": "ERROR",
        }
        described = [part for scope, text in SCOPES.items() for part in ("--scope", f"{scope}={text}")]
        arguments = ("resource-server", "create", "moogle-fit", "--resource", fit["FIT_RESOURCE"], *described)
        unstarted = ResourceServerCredentials("", "", "")
        stack = Stack(issuer, api, auth_app, auth_app, unstarted, unstarted)
        fit["FIT_CLIENT_SECRET"] = stack.command(*arguments)["client_secret"]
        fit_app = fit_service.create_app(FitSettings.load(fit))
        stores.callback(fit_app.extensions["fit_service"].validator.close)
        fit_app.extensions["fit_service"].database.upgrade()
        fit_app.extensions["fit_service"].database.close()
        credentials = ResourceServerCredentials("moogle-fit", fit["FIT_CLIENT_SECRET"], fit["FIT_RESOURCE"])
        yield Installation(tmp_path, Stack(issuer, api, auth_app, fit_app, credentials, credentials), auth, fit, ports)


@dataclass
class Life:
    """What one person did with an app, whichever release was running."""

    person: Person
    app: App
    held: list[Tokens] = field(default_factory=list)
    ended: list[Tokens] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    webhooks: list[str] = field(default_factory=list)

    def goes_on(self, actions: Actions) -> None:
        """Use all that any release has given out, and begin something of each kind."""
        self.held = [tokens(self.app.refresh(each.refresh)) for each in self.held]
        self.held += [self.app.connect(self.person, scopes=[READ, WRITE]) for _ in range(2)]
        last = self.held.pop()
        assert self.app.revoke(last.refresh).status_code == 200
        self.ended.append(last)
        assert [actions.is_active(each.access) for each in self.held] == [True] * len(self.held)
        assert [actions.is_active(each.access) for each in self.ended] == [False] * len(self.ended)
        assert [self.app.refresh(each.refresh).status_code for each in self.ended] == [400] * len(self.ended)

        token = self.held[-1].access
        entry = actions.fit("POST", token=token, json={"body_weight": "80.5", "unit": "kg"})
        assert entry.status_code == 201, entry.text
        self.entries.append(entry.json()["id"])
        for access in (each.access for each in self.held):
            assert [each["id"] for each in actions.fit("GET", token=access).json()] == self.entries
        changed = actions.fit("PATCH", f"/api/body_weight/{self.entries[0]}", token, json={"body_weight": "81"})
        assert changed.status_code == 200, changed.text

        webhook = actions.fit("POST", WEBHOOKS, token, json={"url": NOWHERE})
        assert webhook.status_code == 201, webhook.text
        self.webhooks.append(webhook.json()["id"])
        assert {each["id"] for each in actions.fit("GET", WEBHOOKS, token).json()} == set(self.webhooks)


def test_each_release_goes_on_where_the_other_one_was_and_beside_it(installation: Installation, tmp_path: Path) -> None:
    """While both run, each connection goes to whichever the kernel chooses, as in the middle of an update."""
    before = tmp_path / "the release before"
    before.mkdir()
    unpack(before)
    actions = Actions(installation.stack)
    life, *others = (Life(actions.person(), actions.app()) for _ in range(4))

    def goes_on_alone(release: str) -> None:
        life.goes_on(actions)
        readiness = {
            requests.get(f"{address}/health/ready", timeout=TIMEOUT).status_code
            for address in (installation.stack.auth, installation.stack.fit)
        }
        assert readiness == {200 if release == "today" or BEFORE_IS_READY else 503}

    with ExitStack() as old:
        with installation.running("today", ROOT, "--reuse-port"):
            goes_on_alone("today")
            old.enter_context(installation.running("before", before, "--reuse-port"))
            logs = {release: tmp_path / f"{release} auth_service.log" for release in ("before", "today")}
            alone = {release: len(log.read_text()) for release, log in logs.items()}
            for each in others * 2:
                each.goes_on(actions)
            for release, log in logs.items():
                assert "/token" in log.read_text()[alone[release] :], f"{release} answered nothing"
        goes_on_alone("before")
    with installation.running("today", ROOT):
        goes_on_alone("today")
