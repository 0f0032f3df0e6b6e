"""Webhooks over HTTP: an app is told of changes by signed messages, also when its receiver fails at first."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.polling import eventually
from tests.support.receiver import Receiver, receiver
from tests.support.webhook_caller import ENTRY, NOWHERE, WEBHOOKS, Caller, NewCaller

pytestmark = pytest.mark.core

# Being told


@pytest.mark.clause("Standard Webhooks 1.0.0, Payload")
def test_an_app_is_told_of_each_change_by_a_signed_message_that_says_only_where_to_look(
    caller: Caller, inbox: Receiver
) -> None:
    webhook = caller.register(inbox.url)
    entry_id = caller.insert()
    address = f"/api/body_weight/{entry_id}"
    assert caller.actions.fit("PATCH", address, caller.token, json={"body_weight": "81"}).status_code == 200
    assert caller.actions.fit("DELETE", address, caller.token).status_code == 204
    events = [message.verified(webhook["secret"]) for message in inbox.wait_for(3)]
    assert events == [
        {"type": kind, "timestamp": event["timestamp"], "webhook_id": webhook["id"], "data": {"ids": [entry_id]}}
        for kind, event in zip(
            ("body_weight.created", "body_weight.updated", "body_weight.deleted"), events, strict=True
        )
    ]
    for event in events:
        assert abs(datetime.now(UTC) - datetime.fromisoformat(event["timestamp"])) < timedelta(minutes=1)
    assert len({message.id for message in inbox.messages}) == 3
    assert b"82.5" not in b"".join(message.body for message in inbox.messages)


def test_a_batch_is_told_in_one_message(caller: Caller, inbox: Receiver) -> None:
    caller.register(inbox.url)
    entry = {**ENTRY, "created_at": "2026-01-05T06:30:00Z"}
    batch = {"entries": [entry, {"body_weight": "no weight", "unit": "kg"}, entry]}
    answer = caller.actions.fit("POST", "/api/body_weight/batch", caller.token, json=batch)
    inserted = [result["entry"]["id"] for result in answer.json()["results"] if result["status"] == 201]
    caller.insert()
    first, _ = inbox.wait_for(2)
    assert (first.type, first.event["data"]) == ("body_weight.created", {"ids": inserted})


def test_a_repeated_insert_is_told_once(caller: Caller, inbox: Receiver) -> None:
    caller.register(inbox.url)
    for _ in range(2):
        headers = {"Idempotency-Key": "one-insert-sent-twice"}
        assert caller.actions.fit("POST", token=caller.token, json=ENTRY, headers=headers).status_code == 201
    last = caller.insert()
    assert [message.event["data"]["ids"] == [last] for message in inbox.wait_for(2)] == [False, True]


def test_an_app_may_have_its_own_changes_left_out(caller: Caller, new_caller: NewCaller, inbox: Receiver) -> None:
    refused = caller.call("POST", json={"url": inbox.url, "own_changes": "no"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "own_changes")
    registered = caller.call("POST", json={"url": inbox.url, "own_changes": False})
    assert (registered.status_code, registered.json()["own_changes"]) == (201, False)
    caller.insert()
    of_another_app = new_caller(caller.person).insert()
    [message] = inbox.wait_for(1)
    assert message.event["data"] == {"ids": [of_another_app]}
    eventually(lambda: caller.show(registered.json())["waiting"] == 0)


def test_other_peoples_changes_are_not_told_and_every_apps_are(
    caller: Caller, new_caller: NewCaller, inbox: Receiver
) -> None:
    caller.register(inbox.url)
    new_caller(app=caller.app).insert()
    entry_id = new_caller(person=caller.person).insert()
    [message] = inbox.wait_for(1)
    assert message.event["data"] == {"ids": [entry_id]}


def test_a_test_event_can_be_sent_at_any_time(caller: Caller, inbox: Receiver) -> None:
    webhook = caller.register(inbox.url)
    answer = caller.call("POST", f"{WEBHOOKS}{webhook['id']}/test")
    assert answer.status_code == 202
    [message] = inbox.wait_for(1)
    assert answer.json() == {"message_id": message.id}
    assert message.verified(webhook["secret"])["type"] == "webhook.test"


def test_a_removed_webhook_is_told_nothing_more(caller: Caller, inbox: Receiver) -> None:
    removed, kept = caller.register(inbox.url), caller.register(inbox.url)
    assert caller.call("DELETE", WEBHOOKS + removed["id"]).status_code == 204
    assert caller.call("DELETE", WEBHOOKS + removed["id"]).status_code == 404
    caller.insert()
    caller.insert()
    assert {message.event["webhook_id"] for message in inbox.wait_for(2)} == {kept["id"]}


# When the receiver fails


def test_an_app_sees_why_nothing_arrives_and_can_have_it_tried_at_once(caller: Caller, inbox: Receiver) -> None:
    inbox.answer = lambda _: (500, {"Retry-After": "7200"}, b"")
    webhook = caller.register(inbox.url)
    caller.insert()
    eventually(lambda: caller.show(webhook)["last_failure"] == "it answered 500")
    shown = caller.show(webhook)
    assert (shown["status"], shown["waiting"]) == ("active", 1)
    assert datetime.fromisoformat(shown["failing_since"]) <= datetime.now(UTC)
    inbox.answer = lambda _: 200
    answer = caller.call("PATCH", WEBHOOKS + webhook["id"], json={"status": "active"})
    assert (answer.status_code, answer.json()["last_failure"]) == (200, None)
    first, second = inbox.wait_for(2)
    assert (first.id, first.body) == (second.id, second.body)


def test_a_receiver_that_is_gone_is_told_nothing_until_its_app_enables_the_webhook(
    caller: Caller, inbox: Receiver
) -> None:
    inbox.answer = lambda _: 410
    webhook = caller.register(inbox.url)
    caller.insert()
    eventually(lambda: caller.show(webhook)["status"] == "disabled")
    assert (caller.show(webhook)["disabled_because"], caller.show(webhook)["waiting"]) == ("gone", 0)
    caller.insert()
    assert caller.call("POST", f"{WEBHOOKS}{webhook['id']}/test").status_code == 409
    inbox.answer = lambda _: 200
    answer = caller.call("PATCH", WEBHOOKS + webhook["id"], json={"status": "active"})
    assert (answer.status_code, answer.json()["status"], answer.json()["disabled_because"]) == (200, "active", None)
    entry_id = caller.insert()
    assert [message.event["data"]["ids"] == [entry_id] for message in inbox.wait_for(2)] == [False, True]


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "status"), ({"status": "disabled"}, "status"), ({"status": True}, "status"), ({"url": NOWHERE}, "url")],
)
def test_only_enabling_is_a_change_that_can_be_asked_for(caller: Caller, body: dict[str, object], field: str) -> None:
    webhook = caller.register()
    answer = caller.call("PATCH", WEBHOOKS + webhook["id"], json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_a_redirect_is_not_followed(caller: Caller, inbox: Receiver) -> None:
    with receiver() as elsewhere:
        inbox.answer = lambda _: (307, {"Location": elsewhere.url}, b"")
        webhook = caller.register(inbox.url)
        caller.insert()
        eventually(lambda: caller.show(webhook)["last_failure"] == "it answered 307")
        assert elsewhere.connections == 0
