"""Both services, running: what the flow tests talk to."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from flask import Flask

import auth_service
import fit_service
from auth_service.components import Components
from auth_service.settings import Settings as AuthSettings
from auth_service.storage.redis_master import NotBelievedError
from fit_service.settings import Settings as FitSettings
from tests.support.migrated import migrate
from tests.support.polling import eventually
from tests.support.servers import free_port, serve

TOKEN_KEY = "dGhlIGtleSBvZiBhbGwgdGVzdHMsIDMyIGJ5dGVzISE"
SCOPES = {"body_weight:read": "See your body weight", "body_weight:write": "Change your body weight"}
OTHER_SCOPES = {"plans:read": "See your training plans"}


@dataclass(frozen=True)
class ResourceServerCredentials:
    name: str
    secret: str
    resource: str


@dataclass(frozen=True)
class Stack:
    """Addresses of the running services, and the ways in that an operator has."""

    auth: str
    fit: str
    auth_app: Flask
    fit_app: Flask
    fit_credentials: ResourceServerCredentials
    other_credentials: ResourceServerCredentials
    """A second resource server, which is not running but asks about tokens."""

    def command(self, *arguments: str, stdin: str | None = None) -> Any:
        """`flask --app auth_service …`: its JSON; of a list, that of each line."""
        result = self.auth_app.test_cli_runner().invoke(args=list(arguments), input=stdin)
        assert result.exit_code == 0, result.output
        if arguments[1] in {"list", "export"} or arguments[:2] == ("signing-key", "rotate"):
            return [json.loads(line) for line in result.stdout.splitlines()]
        return json.loads(result.stdout)

    def forget_failures(self) -> None:
        """Set the throttles back, which count all that comes from one address."""
        for counter in self.parts.redis.reads.scan_iter("throttle:*", count=10_000):
            self.parts.redis.reads.delete(counter)

    @property
    def parts(self) -> Components:
        """The authorization server's inside, for tests that must look there."""
        parts = self.auth_app.extensions["auth_service"]
        assert isinstance(parts, Components)
        return parts


@contextmanager
def run_stack(folder: Path, redis_url: str, **given: object) -> Iterator[Stack]:
    """Start both services, by default on SQLite, with these settings: of the Fit API those that begin with `fit_`.

    The Fit API counts no requests, because all tests call it from one address.
    """
    fit_settings = {name.removeprefix("fit_"): value for name, value in given.items() if name.startswith("fit_")}
    auth_settings = {name: value for name, value in given.items() if not name.startswith("fit_")}
    auth_port, fit_port = free_port(), free_port()
    auth, fit = f"http://localhost:{auth_port}", f"http://localhost:{fit_port}"
    settings: dict[str, object] = {
        "issuer": auth,
        "database_url": f"sqlite:///{folder / 'auth.sqlite'}",
        "redis_url": redis_url,
        "token_keys": TOKEN_KEY,
        "log_level": "ERROR",
        "compact_grants": True,  # the hashes of releases before are what the stores are tested with, and the upgrade
        "reconcile_interval": 3_600,  # nothing is repaired behind a test's back
        **auth_settings,
    }
    auth_app = auth_service.create_app(AuthSettings.model_validate(settings))
    parts: Components = auth_app.extensions["auth_service"]
    migrate(parts.database)
    resource = str(fit_settings.get("resource", f"{fit}/api/"))
    fit_credentials = _resource_server(auth_app, "moogle-fit", resource, SCOPES)
    other_credentials = _resource_server(auth_app, "moogle-plans", "http://localhost:9/plans/", OTHER_SCOPES)
    fit_app = fit_service.create_app(
        FitSettings.model_validate(
            {
                "resource": fit_credentials.resource,
                "issuer": auth,
                "client_id": fit_credentials.name,
                "client_secret": fit_credentials.secret,
                "database_url": f"sqlite:///{folder / 'fit.sqlite'}",
                "webhook_allow_private": True,
                "introspection_deadline": 30.0,
                "log_level": "ERROR",
                "rate_limit": 0,
                "invalid_token_limit": 0,
                **fit_settings,
            }
        )
    )
    migrate(fit_app.extensions["fit_service"].database)
    with ExitStack() as running:
        running.callback(lambda: parts.reconciler.start().set())
        with suppress(redis.RedisError):  # some stacks have none, or one that was filled with other shards
            parts.redis.scripts.delete("reconciler-lease")  # of another stack at the same Redis
            _wait_until_told(parts)
        running.enter_context(serve(auth_app, auth_port))
        running.enter_context(serve(fit_app, fit_port))
        yield Stack(auth, fit, auth_app, fit_app, fit_credentials, other_credentials)
        fit_app.extensions["fit_service"].validator.close()
        parts.database.close()
        fit_app.extensions["fit_service"].database.close()


def _wait_until_told(parts: Components) -> None:
    """Until every Redis that has grants was told of what has ended, for which a request waits half a second only."""

    def is_told() -> bool:
        try:
            parts.reconciler.check()
        except (NotBelievedError, redis.ConnectionError):
            return False
        return True

    eventually(is_told)


def _resource_server(app: Flask, name: str, resource: str, scopes: dict[str, str]) -> ResourceServerCredentials:
    described = [part for scope, text in scopes.items() for part in ("--scope", f"{scope}={text}")]
    arguments = ["resource-server", "create", name, "--resource", resource, "--dpop", *described]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 0, result.output
    return ResourceServerCredentials(name, json.loads(result.stdout)["client_secret"], resource)
