"""Both services in good health, and what their doctors find when something is not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from flask import Flask

import auth_service
import fit_service
from auth_service.settings import Settings as AuthSettings
from fit_service.settings import Settings as FitSettings
from tests.support.servers import running_redis
from tests.support.stack import TOKEN_KEY, Stack, run_stack


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with running_redis("--appendonly", "yes") as server:
        yield server.url


@pytest.fixture(scope="module")
def stack(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {"fit_redis_url": redis_url, "fit_webhook_keys": TOKEN_KEY}
    with run_stack(tmp_path_factory.mktemp("stack"), redis_url, **settings) as running:
        running.parts.reconciler.run_once()
        yield running


@pytest.fixture
def config(redis_url: str) -> Iterator[Callable[[str, str], None]]:
    """Sets what Redis goes by until the test ends."""
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    before: dict[str, str] = {}

    def change(name: str, value: str) -> None:
        before.update(client.config_get(name))
        client.config_set(name, value)

    yield change
    for name, value in before.items():
        client.config_set(name, value)


Found = dict[str, list[dict[str, str]]]


def examined(app: Flask) -> Found:
    """What the doctor finds, by check; checks that find nothing are left out."""
    result = app.test_cli_runner().invoke(args=["doctor", "--json"])
    found: Found = {name: findings for name, findings in json.loads(result.stdout).items() if findings}
    assert result.exit_code == (1 if found else 0)
    assert all(each["problem"] and each["remedy"] for findings in found.values() for each in findings)
    assert "fault of the doctor" not in result.stdout
    return found


def problems(app: Flask, check: str) -> str:
    """What one check finds; all others find nothing."""
    found = examined(app)
    assert set(found) == {check}, found
    return "; ".join(each["problem"] for each in found[check])


@dataclass(frozen=True)
class Others:
    """Applications with other settings than the ones that run."""

    stack: Stack
    folder: Path

    def auth(self, **changes: object) -> Flask:
        given = {**self.stack.parts.settings.model_dump(), **changes}
        return auth_service.create_app(AuthSettings.model_validate(given))

    def fit(self, **changes: object) -> Flask:
        given = {**self.stack.fit_app.extensions["fit_service"].settings.model_dump(), **changes}
        return fit_service.create_app(FitSettings.model_validate(given))


@pytest.fixture
def others(stack: Stack, tmp_path: Path) -> Others:
    return Others(stack, tmp_path)
