"""Webhooks over HTTP: an app registers, is told of changes by signed messages, and of the end of consent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.support.actions import READ, WRITE, Actions, App, Person
from tests.support.dpop import DpopApp, DpopKey
from tests.support.polling import eventually
from tests.support.receiver import Receiver, receiver
from tests.support.stack import Stack
from tests.support.webhook_worker import delivering

WEBHOOKS = "/api/webhooks/"
ENTRY = {"body_weight": "82.5", "unit": "kg"}
NOWHERE = "https://app.example/hook"


@dataclass
class Caller:
    """One person's app, with a token."""

    actions: Actions
    person: Person
    app: App
    token: str
    refresh_token: str

    def call(self, method: str, path: str = WEBHOOKS, **options: Any) -> requests.Response:
        return self.actions.fit(method, path, self.token, **options)

    def register(self, url: str = NOWHERE) -> dict[str, Any]:
        answer = self.call("POST", json={"url": url})
        assert answer.status_code == 201, answer.text
        webhook: dict[str, Any] = answer.json()
        return webhook

    def show(self, webhook: dict[str, Any]) -> dict[str, Any]:
        answer = self.call("GET", WEBHOOKS + webhook["id"])
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def insert(self) -> str:
        answer = self.actions.fit("POST", token=self.token, json=ENTRY)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


NewCaller = Callable[..., Caller]


@pytest.fixture
def new_caller(each_stack: Stack) -> NewCaller:
    """Connects an app with a person, each of them new unless it is given."""
    each_stack.forget_failures()
    actions = Actions(each_stack)

    def connect(
        person: Person | None = None, app: App | None = None, scopes: tuple[str, ...] = (READ, WRITE)
    ) -> Caller:
        person, app = person or actions.person(), app or actions.app()
        tokens = app.connect(person, scopes)
        return Caller(actions, person, app, tokens.access, tokens.refresh)

    return connect


@pytest.fixture
def caller(new_caller: NewCaller) -> Caller:
    return new_caller()


@pytest.fixture(scope="module")
def worker(each_stack: Stack) -> Iterator[None]:
    with delivering(each_stack):
        yield


@pytest.fixture
def inbox(worker: None) -> Iterator[Receiver]:
    with receiver() as running:
        yield running


# Registering


def test_an_app_registers_an_address_and_sees_the_secret_once(caller: Caller) -> None:
    answer = caller.call("POST", json={"url": NOWHERE})
    assert answer.status_code == 201
    webhook = answer.json()
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_")
    assert webhook == {
        "id": webhook["id"],
        "url": NOWHERE,
        "status": "active",
        "disabled_because": None,
        "created_at": webhook["created_at"],
        "expires_at": webhook["expires_at"],
        "waiting": 0,
        "failing_since": None,
        "last_failure": None,
    }
    assert answer.headers["Location"] == WEBHOOKS + webhook["id"]
    assert answer.headers["Cache-Control"] == "no-store"
    lifetime = datetime.fromisoformat(webhook["expires_at"]) - datetime.fromisoformat(webhook["created_at"])
    assert timedelta(days=30) <= lifetime < timedelta(days=30, minutes=1)
    assert caller.call("GET", answer.headers["Location"]).json() == webhook
    assert caller.call("GET").json() == [webhook]
    assert secret not in caller.call("GET").text


@pytest.mark.parametrize(
    "body",
    [{}, {"url": None}, {"url": 7}, {"url": "http://app.example/"}, {"url": "https://169.254.169.254/"}, {"url": "x"}],
)
def test_an_address_that_may_not_be_delivered_to_is_refused(caller: Caller, body: dict[str, object]) -> None:
    answer = caller.call("POST", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "url")
    assert caller.call("GET").json() == []


@pytest.mark.parametrize(("options", "status"), [({"data": "{"}, 415), ({"json": []}, 400), ({"json": None}, 415)])
def test_a_body_that_is_no_registration_is_refused(caller: Caller, options: dict[str, Any], status: int) -> None:
    assert caller.call("POST", **options).status_code == status


def test_loopback_addresses_are_refused_unless_the_operator_allows_them(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(fit_webhook_allow_private=False))
    token = actions.app().connect(actions.person()).access
    for url in ("http://localhost:9/", "http://127.0.0.1:9/", "https://10.0.0.1/"):
        answer = actions.fit("POST", WEBHOOKS, token, json={"url": url})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "url")
    assert actions.fit("POST", WEBHOOKS, token, json={"url": NOWHERE}).status_code == 201


def test_one_app_has_ten_webhooks_of_a_person_at_most(caller: Caller, new_caller: NewCaller) -> None:
    webhooks = [caller.register() for _ in range(10)]
    assert caller.call("POST", json={"url": NOWHERE}).status_code == 409
    new_caller(person=caller.person).register()
    new_caller(app=caller.app).register()
    assert caller.call("DELETE", WEBHOOKS + webhooks[0]["id"]).status_code == 204
    caller.register()


CALLS = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")]


def test_a_webhook_is_nobodys_but_the_apps_that_registered_it_for_this_person(
    caller: Caller, new_caller: NewCaller
) -> None:
    webhook = caller.register()
    others = (new_caller(person=caller.person), new_caller(app=caller.app), new_caller())
    for method, path in CALLS:
        options = {"json": {"status": "active"}} if method == "PATCH" else {}
        unknown = caller.call(method, f"{WEBHOOKS}{'0' * 24}{path}", **options)
        assert unknown.status_code == 404
        for other in others:
            answer = other.call(method, WEBHOOKS + webhook["id"] + path, **options)
            assert (answer.status_code, answer.json()) == (404, unknown.json())
    assert [other.call("GET").json() for other in others] == [[]] * 3
    assert caller.show(webhook) == {name: value for name, value in webhook.items() if name != "secret"}


def test_being_told_takes_the_scope_that_reading_takes_and_a_person(new_caller: NewCaller) -> None:
    caller = new_caller(scopes=(WRITE,))
    paths = [("GET", WEBHOOKS), ("POST", WEBHOOKS), *((method, f"{WEBHOOKS}x{path}") for method, path in CALLS)]
    for method, path in paths:
        answer = caller.call(method, path)
        assert answer.status_code == 403
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
        assert caller.actions.fit(method, path).status_code == 401
    itself = caller.actions.app("--grant-type", "client_credentials").client_credentials(scope=READ).json()
    assert caller.actions.fit("GET", WEBHOOKS, itself["access_token"]).status_code == 403


def test_a_token_that_was_revoked_unheard_registers_nothing(caller: Caller) -> None:
    """The Fit API still remembers the token as good, and no event of the feed will ever find this webhook."""
    assert caller.call("GET").json() == []
    auth = caller.actions.stack.parts
    grant_id = caller.actions.introspect(caller.token)["grant_id"]
    assert [auth.redis.scripts.delete(key) for key in auth.redis.scripts.scan_iter(f"grant:*{grant_id}")] == [1]
    assert caller.call("GET").status_code == 200
    answer = caller.call("POST", json={"url": NOWHERE})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert new_tokens(caller).call("GET").json() == []


def test_an_app_whose_tokens_are_bound_to_a_key_registers_with_one_proof(each_stack: Stack) -> None:
    actions, key = Actions(each_stack), DpopKey()
    token = DpopApp(each_stack, public=True, key=key).connect(actions.person()).access
    headers = {"Authorization": f"DPoP {token}", "DPoP": key.proof("POST", each_stack.fit + WEBHOOKS, token=token)}
    answer = actions.fit("POST", WEBHOOKS, headers=headers, json={"url": NOWHERE})
    assert (answer.status_code, answer.json()["status"]) == (201, "active")


def new_tokens(caller: Caller) -> Caller:
    """The same app and person with another grant."""
    tokens = caller.app.connect(caller.person)
    return Caller(caller.actions, caller.person, caller.app, tokens.access, tokens.refresh)


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
    batch = {"entries": [ENTRY, {"body_weight": "no weight", "unit": "kg"}, ENTRY]}
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
    inbox.answer = lambda _: 500
    webhook = caller.register(inbox.url)
    caller.insert()
    eventually(lambda: caller.show(webhook)["last_failure"] == "it answered 500")
    shown = caller.show(webhook)
    assert (shown["status"], shown["waiting"]) == ("active", 1)
    assert datetime.fromisoformat(shown["failing_since"]) <= datetime.now(UTC)
    inbox.answer = lambda _: 200
    answer = caller.call("PATCH", WEBHOOKS + webhook["id"], json={"status": "active"})
    assert (answer.status_code, answer.json()["last_failure"]) == (200, None)
    first, second = inbox.wait_for(2, within=4)
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


@pytest.mark.parametrize("body", [{}, {"status": "disabled"}, {"status": True}, {"url": NOWHERE}])
def test_only_enabling_is_a_change_that_can_be_asked_for(caller: Caller, body: dict[str, object]) -> None:
    webhook = caller.register()
    answer = caller.call("PATCH", WEBHOOKS + webhook["id"], json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "status")


def test_a_redirect_is_not_followed(caller: Caller, inbox: Receiver) -> None:
    with receiver() as elsewhere:
        inbox.answer = lambda _: (307, {"Location": elsewhere.url}, b"")
        webhook = caller.register(inbox.url)
        caller.insert()
        eventually(lambda: caller.show(webhook)["last_failure"] == "it answered 307")
        assert elsewhere.connections == 0


# The end of consent


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


# Metrics


def test_metrics_tell_what_waits_and_what_became_of_attempts(start_stack: Callable[..., Stack]) -> None:
    token = "the-token-of-our-prometheus"
    actions = Actions(start_stack(fit_metrics_token=token))
    with delivering(actions.stack):
        pass
    app_token = actions.app().connect(actions.person()).access
    with receiver() as inbox:
        assert actions.fit("POST", WEBHOOKS, app_token, json={"url": inbox.url}).status_code == 201
        actions.fit("POST", token=app_token, json=ENTRY)
        lines = actions.fit("GET", "/metrics", token).text.splitlines()
        assert "webhook_events_waiting 1.0" in lines
        assert 'webhook_attempts_total{outcome="delivered"} 0.0' in lines
        assert 'webhooks{status="active"} 1.0' in lines
        [age] = [line for line in lines if line.startswith("webhook_oldest_event_seconds ")]
        assert 0 < float(age.split()[1]) < 60
        with delivering(actions.stack):
            inbox.wait_for(1)
    lines = actions.fit("GET", "/metrics", token).text.splitlines()
    assert 'webhook_attempts_total{outcome="delivered"} 1.0' in lines
    assert 'webhook_attempts_total{outcome="failed"} 0.0' in lines
    assert ("webhook_events_waiting 0.0" in lines, "webhook_oldest_event_seconds 0.0" in lines) == (True, True)
    assert any(line.startswith("webhook_consents_read_at_seconds 1.") for line in lines)
