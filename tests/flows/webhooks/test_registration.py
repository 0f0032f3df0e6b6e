"""Webhooks over HTTP: how an app registers them, and what the operator sees."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.actions import READ, WRITE, Actions
from tests.support.dpop import DpopApp, DpopKey
from tests.support.receiver import receiver
from tests.support.stack import Stack
from tests.support.webhook_caller import ENTRY, NOWHERE, WEBHOOKS, Caller, NewCaller, new_tokens
from tests.support.webhook_worker import delivering

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
        "own_changes": True,
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


def test_an_app_whose_tokens_are_bound_to_a_key_registers_with_one_proof(stricter_stack: Stack) -> None:
    actions, key = Actions(stricter_stack), DpopKey()
    token = DpopApp(stricter_stack, public=True, key=key).connect(actions.person()).access
    headers = {"Authorization": f"DPoP {token}", "DPoP": key.proof("POST", stricter_stack.fit + WEBHOOKS, token=token)}
    answer = actions.fit("POST", WEBHOOKS, headers=headers, json={"url": NOWHERE})
    assert (answer.status_code, answer.json()["status"]) == (201, "active")


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


# Repeating


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
def test_a_registration_a_test_and_a_removal_can_be_repeated(caller: Caller) -> None:
    def call(method: str, address: str = WEBHOOKS, **options: Any) -> Any:
        key = {"Idempotency-Key": f'"the key of a {method} {address}"'}
        answer = caller.call(method, address, headers=key, **options)
        assert answer.ok, answer.text
        return answer

    first, again = (call("POST", json={"url": NOWHERE}) for _ in range(2))
    assert (first.status_code, first.json()["id"]) == (201, again.json()["id"])
    assert first.json()["secret"] == again.json()["secret"]
    assert len(caller.call("GET").json()) == 1
    address = first.headers["Location"]
    tests = [call("POST", f"{address}/test") for _ in range(2)]
    assert tests[0].json() == tests[1].json()
    assert caller.call("GET", address).json()["waiting"] == 1
    removals = [call("DELETE", address) for _ in range(2)]
    for pair in ((first, again), tests, removals):
        assert [answer.headers.get("Idempotent-Replayed") for answer in pair] == [None, "true"]
    assert caller.call("GET").json() == []


def test_a_key_of_a_registration_is_not_used_up_by_a_refusal_and_not_for_another(caller: Caller) -> None:
    key = {"Idempotency-Key": "the-key-of-one-registration"}
    assert caller.call("DELETE", f"{WEBHOOKS}{'0' * 24}", headers=key).status_code == 404
    assert caller.call("POST", json={"url": "x"}, headers=key).status_code == 422
    assert caller.call("POST", json={"url": NOWHERE}, headers=key).status_code == 201
    assert caller.call("POST", json={"url": f"{NOWHERE}?other"}, headers=key).status_code == 422
    assert len(caller.call("GET").json()) == 1
