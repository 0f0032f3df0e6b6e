"""Signing secrets at rest: with keys, nobody who reads the database can sign; without a key, a webhook waits."""

import logging
import secrets

import pytest
from sqlalchemy import select

from fit_service.models.webhooks import Webhook
from fit_service.rules.webhooks.status import Owner
from fit_service.storage.database import Database
from fit_service.storage.kept_answers import RepeatableRequest
from fit_service.storage.webhook_secrets import SecretCounts, SecretUnreadableError
from tests.fit_storage.hooks import URL, Hooks, seconds

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(40)


def stored(database: Database, webhook_id: str) -> str:
    with database.reading() as session:
        secret = session.scalar(select(Webhook.secret).where(Webhook.id == webhook_id))
    assert secret is not None
    return secret


def register(hooks: Hooks) -> tuple[str, str]:
    """Id and secret of an active webhook that has something to be told."""
    owner = Owner("app", "mo")
    webhook_id, secret, _ = hooks.store.register(owner, "grant", URL, hooks.now)
    hooks.store.confirm(owner, webhook_id, "grant", hooks.store.doubts(), hooks.now)
    hooks.store.send_test(owner, webhook_id, hooks.now)
    return webhook_id, secret


def test_with_keys_the_database_holds_no_secret_and_the_worker_has_it(database: Database) -> None:
    hooks = Hooks(database, [OLD])
    webhook_id, secret = register(hooks)
    assert secret.startswith("whsec_")
    assert secret not in stored(database, webhook_id)
    assert len(stored(database, webhook_id)) < 400
    assert hooks.claimed().secret == secret


def test_without_keys_secrets_are_as_they_were(database: Database) -> None:
    hooks = Hooks(database)
    webhook_id, secret = register(hooks)
    assert stored(database, webhook_id) == secret
    assert hooks.claimed().secret == secret


def test_what_was_there_works_on_and_is_encrypted_by_the_command_and_again_with_a_newer_key(database: Database) -> None:
    webhook_id, secret = register(Hooks(database))
    for keys, before in (([OLD], SecretCounts(plain=1)), ([NEW, OLD], SecretCounts(older=1))):
        hooks = Hooks(database, keys)
        assert hooks.secrets.read(stored(database, webhook_id)) == secret
        assert hooks.secrets.count(database) == before
        assert hooks.secrets.count(database, encrypt=True) == before
        assert hooks.secrets.count(database) == SecretCounts(newest=1)
    assert Hooks(database, [NEW]).claimed().secret == secret


@pytest.mark.parametrize("keys", [[NEW], []])
def test_a_webhook_whose_key_is_missing_waits_and_holds_up_no_other(
    database: Database, keys: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    lost, secret = register(Hooks(database, [OLD]))
    hooks = Hooks(database, keys)
    hooks.now += seconds(1)
    good, _ = register(hooks)
    with caplog.at_level(logging.ERROR):
        assert hooks.claim() is None
    assert f"webhook {lost} waits" in caplog.text
    assert hooks.claimed().webhook_id == good
    assert hooks.secrets.count(database, encrypt=bool(keys)).unreadable == 1
    found = hooks.find(lost)
    assert found is not None
    assert (found.status, found.last_failure) == ("active", None)
    again = Hooks(database, [OLD, *keys])
    again.now = hooks.now + seconds(61)
    claims = (again.claimed(), again.claimed())
    assert secret in {claim.secret for claim in claims if claim.webhook_id == lost}


def test_a_repeated_registration_says_the_secret_again_or_that_it_cant_be_read(database: Database) -> None:
    owner, request = Owner("app", "mo"), RepeatableRequest("key", "the same", Hooks(database).now)
    first = Hooks(database, [OLD])
    webhook_id, secret, _ = first.store.register(owner, "grant", URL, first.now, request)
    assert first.store.register(owner, "grant", URL, first.now, request) == (webhook_id, secret, True)
    with pytest.raises(SecretUnreadableError):
        Hooks(database, [NEW]).store.register(owner, "grant", URL, first.now, request)
