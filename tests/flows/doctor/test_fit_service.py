"""`flask --app fit_service doctor`: nothing is found where nothing is wrong, and each thing that is wrong is found."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from fit_service.rules.webhooks.status import Owner
from shared.operations import sql_findings
from tests.flows.doctor.conftest import Others, examined, problems
from tests.support.actions import Actions
from tests.support.servers import free_port
from tests.support.stack import TOKEN_KEY, Stack

OTHER_KEY = "YW5vdGhlciBrZXkgb2YgYWxsIHRlc3RzLCAzMiBieXRlcyE"


def register(app: object) -> str:
    """A webhook's id."""
    parts = app.extensions["fit_service"]  # type: ignore[attr-defined]
    owner = Owner("app", secrets.token_hex(4))
    webhook_id, _, _ = parts.webhooks.register(owner, "grant", "https://app.example/hook", datetime.now(UTC))
    return str(webhook_id)


def read_feed(stack: Stack, at: datetime) -> None:
    """As a worker does."""
    position = stack.fit_app.extensions["fit_service"].feed_position
    found = position.read()
    position.advance(found[0] if found else "", "a cursor", at)


def test_in_good_health_nothing_is_found(stack: Stack) -> None:
    result = stack.fit_app.test_cli_runner().invoke(args=["doctor"])
    assert (result.exit_code, result.stdout) == (0, "10 checks, 0 findings\n")


def test_secrets_that_are_plain_old_or_unreadable(stack: Stack, others: Others) -> None:
    read_feed(stack, datetime.now(UTC))
    plain = others.fit(webhook_keys=())
    register(plain)
    assert "FIT_WEBHOOK_KEYS is not set" in problems(plain, "webhook secrets")
    assert "1 webhooks' secrets are not encrypted with the first" in problems(stack.fit_app, "webhook secrets")
    assert stack.fit_app.test_cli_runner().invoke(args=["webhooks", "encrypt-secrets"]).exit_code == 0
    assert examined(stack.fit_app) == {}
    assert "1 webhooks wait" in problems(others.fit(webhook_keys=(OTHER_KEY,)), "webhook secrets")
    newer = others.fit(webhook_keys=(OTHER_KEY, TOKEN_KEY))
    assert "1 webhooks' secrets are not" in problems(newer, "webhook secrets")
    refused = plain.test_cli_runner().invoke(args=["webhooks", "encrypt-secrets"])
    assert (refused.exit_code, "FIT_WEBHOOK_KEYS is not set" in refused.stderr) == (2, True)


def test_a_worker_that_does_not_run(stack: Stack) -> None:
    register(stack.fit_app)
    read_feed(stack, datetime.now(UTC) - timedelta(seconds=600))
    assert "no worker has read the revocation feed for 60" in problems(stack.fit_app, "webhook worker")
    read_feed(stack, datetime.now(UTC))
    assert examined(stack.fit_app) == {}


def test_a_database_that_lacks_changes(stack: Stack) -> None:
    stack.fit_app.extensions["fit_service"].epoch.note_behind()
    assert "lacks changes" in problems(stack.fit_app, "entries")
    assert stack.fit_app.test_cli_runner().invoke(args=["database", "restored"]).exit_code == 0
    assert examined(stack.fit_app) == {}


def test_a_database_that_is_not_there_or_of_another_release(others: Others) -> None:
    found = examined(others.fit(database_url=f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"))
    assert set(found) >= {"database", "entries", "webhook secrets"}
    assert "SQL could not be asked" in found["database"][0]["problem"]
    found = examined(others.fit(database_url=f"sqlite:///{others.folder / 'new.sqlite'}"))
    assert found["database"][0]["remedy"] == "Run `flask --app fit_service database upgrade`"


def test_a_full_disk(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_findings, "_FREE_AT_LEAST", 1.0)
    assert "% full" in problems(stack.fit_app, "database")


def test_a_redis_that_is_not_there(others: Others) -> None:
    said = problems(others.fit(redis_url=f"redis://127.0.0.1:{free_port()}/0"), "stores")
    assert said == "redis can't be written"


def test_an_authorization_server_that_knows_another_secret(others: Others, actions: Actions) -> None:
    assert "doesn't accept our credentials" in problems(others.fit(client_secret="wrong"), "authorization server")


def test_an_authorization_server_that_is_not_there(others: Others) -> None:
    found = examined(others.fit(auth_url=f"http://localhost:{free_port()}"))
    assert set(found) == {"authorization server"}


def test_an_address_that_does_not_lead_here(others: Others) -> None:
    found = examined(others.fit(resource=f"http://localhost:{free_port()}/api/"))
    assert "does not answer with JSON" in found["resource"][0]["problem"]


def test_settings_that_hardly_go_together(others: Others) -> None:
    found = examined(others.fit(resource=f"https://localhost:{free_port()}/api/", webhook_allow_private=True))
    said = [each["problem"] for each in found["settings"]]
    assert "FIT_TRUSTED_PROXIES is 0" in said[0]
    assert "FIT_WEBHOOK_ALLOW_PRIVATE" in said[1]
