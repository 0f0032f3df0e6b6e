"""Token exchange (RFC 8693): what is refused, and with which error."""

from collections.abc import Callable
from typing import Any

import pytest

from auth_service.models.tokens import RevokedBecause
from tests.support.actions import (
    ACCESS_TOKEN,
    INACTIVE,
    PLANS,
    READ,
    TOKEN_EXCHANGE,
    WRITE,
    Actions,
    App,
    Person,
    Tokens,
    error_of,
    tokens,
)
from tests.support.servers import fake_redis
from tests.support.stack import ResourceServerCredentials, Stack

# What is refused


@pytest.mark.clause("RFC 8693 §2.1", line=99)
@pytest.mark.parametrize(
    "changes",
    [
        {"subject_token": None},
        {"subject_token": ""},
        {"subject_token_type": None},
        {"subject_token_type": "access_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"subject_token_type": f"{ACCESS_TOKEN} "},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"requested_token_type": "é\r\n"},
        {"actor_token": "x"},
        {"actor_token_type": ACCESS_TOKEN},
        {"actor_token": "x", "actor_token_type": ACCESS_TOKEN},
        {"subject_token": ["SUBJECT", "SUBJECT"]},
        {"subject_token_type": [ACCESS_TOKEN, ACCESS_TOKEN]},
        {"requested_token_type": [ACCESS_TOKEN, ACCESS_TOKEN]},
    ],
    ids=str,
)
def test_a_request_that_is_not_one_is_invalid(service: App, granted: Tokens, changes: dict[str, Any]) -> None:
    said = {
        name: [granted.access if each == "SUBJECT" else each for each in value] if isinstance(value, list) else value
        for name, value in changes.items()
    }
    form = {"subject_token": granted.access, "subject_token_type": ACCESS_TOKEN, **said}
    assert error_of(service.token_request({"grant_type": TOKEN_EXCHANGE, **form})) == (400, "invalid_request")


@pytest.mark.clause("RFC 8693 §2.2.2", line=100)
def test_a_token_that_is_no_good_is_an_invalid_request(
    actions: Actions, service: App, app: App, mo: Person, granted: Tokens
) -> None:
    revoked, ended, disconnected = app.connect(mo), app.connect(mo), actions.app().connect(mo)
    app.revoke(revoked.access)
    app.revoke(ended.refresh)
    ada = actions.person()
    of_ada = app.connect(ada)
    actions.stack.command("account", "disable", ada.username)
    own = tokens(actions.app("--grant-type", "client_credentials").client_credentials())
    for subject in (
        revoked.access,
        ended.access,
        of_ada.access,
        own.access,
        granted.refresh,
        granted.access[:-1] + ("A" if granted.access[-1] != "A" else "B"),
        granted.access + "A",
        "x",
        "é" * 100,
        "A" * 20_000,
        "mat_" + "A" * 96,
    ):
        assert error_of(service.exchange_token(subject)) == (400, "invalid_request")
    for good in (disconnected, granted):
        assert service.exchange_token(good.access).status_code == 200


@pytest.mark.clause("RFC 8693 §2.2.2")
def test_of_a_token_that_is_no_good_and_of_one_for_others_the_same_is_said(
    actions: Actions, app: App, granted: Tokens, plans: ResourceServerCredentials
) -> None:
    service = actions.exchanger(plans.resource, scopes=[PLANS])
    for_others = tokens(app.refresh(granted.refresh, scope=READ))
    answers = [service.exchange_token(subject) for subject in (for_others.access, "x", granted.refresh)]
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.clause("RFC 8693 §2.2.2", line=100)
def test_a_target_that_the_token_or_the_client_has_nothing_for_is_an_invalid_target(
    actions: Actions,
    app: App,
    service: App,
    granted: Tokens,
    fit: ResourceServerCredentials,
    plans: ResourceServerCredentials,
) -> None:
    only_fit = tokens(app.refresh(granted.refresh, scope=READ))
    reader = actions.exchanger(fit.resource, scopes=[READ])
    for client, subject, target in (
        (service, granted, {"resource": "https://unknown.example/"}),
        (service, granted, {"resource": "not an address"}),
        (service, granted, {"resource": f"{plans.resource}#fragment"}),
        (service, granted, {"resource": [plans.resource, "https://unknown.example/"]}),
        (service, granted, {"audience": "nobody"}),
        (service, granted, {"audience": [plans.name, "nobody"]}),
        (service, granted, {"audience": f"{actions.stack.auth}/userinfo"}),
        (service, only_fit, {"resource": plans.resource}),
        (service, only_fit, {"audience": plans.name}),
        (service, only_fit, {"resource": [fit.resource, plans.resource]}),
        (service, only_fit, {"resource": plans.resource, "scope": READ}),
        (reader, granted, {"resource": plans.resource}),
    ):
        assert error_of(client.exchange_token(subject.access, **target)) == (400, "invalid_target")


@pytest.mark.clause("RFC 8693 §2.2.1", line=101)
def test_more_than_the_token_or_the_client_may_do_is_an_invalid_scope(
    actions: Actions, app: App, service: App, granted: Tokens, plans: ResourceServerCredentials
) -> None:
    reading = tokens(app.refresh(granted.refresh, scope=READ))
    writer = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[WRITE])
    for client, subject, wanted in (
        (service, granted, {"scope": WRITE}),
        (service, granted, {"scope": f"{READ} {WRITE}"}),
        (service, granted, {"scope": "nobody:has"}),
        (service, reading, {"scope": PLANS}),
        (service, granted, {"scope": READ, "resource": plans.resource}),
        (writer, reading, {}),
        (writer, reading, {"scope": WRITE}),
    ):
        assert error_of(client.exchange_token(subject.access, **wanted)) == (400, "invalid_scope")


@pytest.mark.clause("RFC 8693 §2.2.1", line=101)
def test_what_was_taken_from_the_grant_is_not_got_back(
    actions: Actions, service: App, granted: Tokens, plans: ResourceServerCredentials
) -> None:
    before = tokens(service.exchange_token(granted.access, scope=f"{READ} {PLANS}"))
    actions.stack.command("grant", "narrow", actions.introspect(granted.access)["grant_id"], "--scope", READ)
    assert error_of(service.exchange_token(granted.access, scope=PLANS)) == (400, "invalid_scope")
    assert error_of(service.exchange_token(granted.access, resource=plans.resource)) == (400, "invalid_target")
    assert tokens(service.exchange_token(granted.access)).answer["scope"] == READ
    assert (actions.introspect(before.access)["scope"], actions.introspect(before.access, plans)) == (READ, INACTIVE)


@pytest.mark.clause("RFC 8693 §2.2.1")
def test_what_sql_says_was_taken_is_not_got_before_redis_says_so_too(
    actions: Actions, service: App, granted: Tokens, fit: ResourceServerCredentials
) -> None:
    grant_id = actions.introspect(granted.access)["grant_id"]
    actions.stack.parts.records.narrow(grant_id, [READ], lambda _: (fit.resource,), RevokedBecause.PERSON)
    assert tokens(service.exchange_token(granted.access)).answer["scope"] == READ
    assert error_of(service.exchange_token(granted.access, scope=PLANS)) == (400, "invalid_scope")
    actions.stack.parts.records.mark_revoked(grant_id, RevokedBecause.PERSON)
    assert error_of(service.exchange_token(granted.access)) == (400, "invalid_request")


# Outages


def test_when_redis_cannot_be_asked_it_is_an_outage_and_no_refusal(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        actions = Actions(start_stack(redis=url))
        service = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
        granted = actions.app().connect(actions.person())
        assert service.exchange_token(granted.access).status_code == 200
    answer = service.exchange_token(granted.access)
    assert error_of(answer) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"
