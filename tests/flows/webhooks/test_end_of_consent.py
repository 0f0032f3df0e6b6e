"""Webhooks over HTTP: what ends consent ends what is told."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.polling import eventually
from tests.support.receiver import Receiver
from tests.support.webhook_caller import WEBHOOKS, Caller, NewCaller, new_tokens


def revoke(caller: Caller) -> None:
    assert caller.app.revoke(caller.refresh_token).status_code == 200


def disconnect(caller: Caller) -> None:
    caller.person.disconnect(caller.app.client_id)


def disable_account(caller: Caller) -> None:
    caller.actions.stack.command("account", "disable", caller.person.username)


def delete_client(caller: Caller) -> None:
    caller.actions.stack.command("client", "delete", caller.app.client_id)


def types_of(webhook: dict[str, Any], inbox: Receiver) -> list[str]:
    return [message.type for message in inbox.messages if message.event["webhook_id"] == webhook["id"]]


@pytest.mark.parametrize("end", [revoke, disconnect, disable_account, delete_client])
def test_when_consent_ends_the_app_is_told_so_and_nothing_more(
    caller: Caller, new_caller: NewCaller, inbox: Receiver, end: Callable[[Caller], None]
) -> None:
    other = new_caller(person=caller.person)
    webhook, others = caller.register(inbox.url), other.register(inbox.url)
    caller.insert()
    inbox.wait_for(2)
    end(caller)
    eventually(lambda: "consent.revoked" in types_of(webhook, inbox))
    last = next(message for message in inbox.messages[2:] if message.event["webhook_id"] == webhook["id"])
    event = last.verified(webhook["secret"])
    assert (event["type"], event["data"]) == ("consent.revoked", {})
    if end is not disable_account:
        entry_id = other.insert()
        later = inbox.wait_for(4)[3]
        assert (later.event["webhook_id"], later.event["data"]) == (others["id"], {"ids": [entry_id]})
    if end in {revoke, disconnect}:
        assert new_tokens(caller).call("GET").json() == []


def test_a_webhook_ends_with_the_grant_that_it_is_bound_to_whatever_becomes_of_others(
    caller: Caller, inbox: Receiver
) -> None:
    webhook = caller.register(inbox.url)
    later = new_tokens(caller)
    assert later.show(webhook)["status"] == "active"
    revoke(later)
    entry_id = caller.insert()
    assert inbox.wait_for(1)[0].event["data"] == {"ids": [entry_id]}
    revoke(caller)
    assert inbox.wait_for(2)[1].type == "consent.revoked"


def test_enabling_with_a_token_of_another_grant_binds_the_webhook_to_that_one(caller: Caller, inbox: Receiver) -> None:
    webhook = caller.register(inbox.url)
    later = new_tokens(caller)
    assert later.call("PATCH", WEBHOOKS + webhook["id"], json={"status": "active"}).status_code == 200
    revoke(caller)
    entry_id = later.insert()
    assert inbox.wait_for(1)[0].event["data"] == {"ids": [entry_id]}
    assert later.show(webhook)["status"] == "active"
    revoke(later)
    assert inbox.wait_for(2)[1].type == "consent.revoked"


def test_the_end_of_an_access_token_alone_ends_no_consent(caller: Caller, inbox: Receiver) -> None:
    webhook = caller.register(inbox.url)
    assert caller.app.revoke(caller.token).status_code == 200
    refreshed = caller.app.refresh(caller.refresh_token).json()
    caller.token = refreshed["access_token"]
    caller.insert()
    assert inbox.wait_for(1)[0].type == "body_weight.created"
    assert caller.show(webhook)["status"] == "active"
