"""Token exchange (RFC 8693): who gets what for whose token, that it is visible, and that it ends with that token."""

from collections.abc import Callable
from typing import Any

import pytest

from auth_service.models.tokens import AccessTokenClaims, RevokedBecause
from auth_service.protocol.errors import ClientAuthenticationFailedError
from shared.resource_server import InvalidTokenError, connect
from tests.flows.test_revocation_feed import Reader
from tests.support.actions import (
    ACCESS_TOKEN,
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
from tests.support.dpop import DpopApp, DpopKey
from tests.support.polling import eventually
from tests.support.servers import fake_redis
from tests.support.stack import ResourceServerCredentials, Stack

PLANS = "plans:read"
INACTIVE = {"active": False}


@pytest.fixture
def fit(actions: Actions) -> ResourceServerCredentials:
    return actions.stack.fit_credentials


@pytest.fixture
def plans(actions: Actions) -> ResourceServerCredentials:
    return actions.stack.other_credentials


@pytest.fixture
def service(actions: Actions, fit: ResourceServerCredentials) -> App:
    """The Fit API as a client: with the tokens that are meant for it, it may call the plans, and itself to read."""
    return actions.exchanger(fit.resource, scopes=[READ, PLANS])


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(scopes=[READ, WRITE, PLANS])


@pytest.fixture
def granted(app: App, mo: Person) -> Tokens:
    """Of an app that talks to both APIs: its token arrives at the Fit API."""
    return app.connect(mo)


# What is got


@pytest.mark.clause("RFC 8693 §2.2.1", line=101)
def test_a_service_gets_a_token_for_another_one(
    actions: Actions, service: App, granted: Tokens, plans: ResourceServerCredentials
) -> None:
    answer = service.exchange_token(granted.access, resource=plans.resource)
    body = answer.json()
    assert body == {
        "access_token": body["access_token"],
        "token_type": "Bearer",
        "expires_in": body["expires_in"],
        "scope": PLANS,
        "issued_token_type": ACCESS_TOKEN,
    }
    assert 590 <= body["expires_in"] <= granted.answer["expires_in"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.clause("RFC 8693 §4.1", line=102)
def test_introspection_shows_for_whom_the_service_acts(
    actions: Actions, service: App, mo: Person, granted: Tokens, plans: ResourceServerCredentials
) -> None:
    before = actions.introspect(granted.access, plans)
    got = tokens(service.exchange_token(granted.access, resource=plans.resource))
    shown = actions.introspect(got.access, plans)
    assert shown == {
        **before,
        "scope": PLANS,
        "client_id": service.client_id,
        "username": mo.username,
        "sub": mo.subject,
        "aud": [plans.resource],
        "iat": shown["iat"],
        "jti": shown["jti"],
        "act": {"sub": service.client_id},
    }
    assert shown["exp"] == before["exp"]
    assert shown["jti"] != before["jti"]
    assert actions.introspect(got.access) == INACTIVE
    assert actions.introspect(granted.access, plans) == before
    assert "act" not in before


@pytest.mark.clause("RFC 8693 §1.1")
def test_the_token_works_for_what_was_asked_and_nothing_else(actions: Actions, service: App, granted: Tokens) -> None:
    got = tokens(service.exchange_token(granted.access, scope=READ))
    assert actions.fit("GET", token=got.access).status_code == 200
    entry = {"body_weight": "80", "unit": "kg"}
    assert actions.fit("POST", token=got.access, json=entry).status_code == 403
    assert actions.fit("POST", token=granted.access, json=entry).status_code == 201


@pytest.mark.clause("RFC 8693 §2.1")
def test_without_scope_it_gets_all_that_token_and_policy_allow(
    actions: Actions, service: App, granted: Tokens, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    for target, scope, audience in (
        ({}, f"{READ} {PLANS}", [fit.resource, plans.resource]),
        ({"scope": f"{PLANS} {READ} {PLANS}"}, f"{PLANS} {READ}", [plans.resource, fit.resource]),
        ({"resource": fit.resource}, READ, [fit.resource]),
        ({"resource": f"{fit.resource}body_weight/"}, READ, [fit.resource]),
        ({"resource": [fit.resource, plans.resource]}, f"{READ} {PLANS}", [fit.resource, plans.resource]),
        ({"resource": plans.resource, "scope": PLANS}, PLANS, [plans.resource]),
        ({"audience": plans.name}, PLANS, [plans.resource]),
        ({"audience": plans.resource}, PLANS, [plans.resource]),
        ({"audience": [plans.name, fit.name]}, f"{READ} {PLANS}", [fit.resource, plans.resource]),
        ({"audience": plans.name, "resource": fit.resource}, f"{READ} {PLANS}", [fit.resource, plans.resource]),
        ({"requested_token_type": ACCESS_TOKEN, "scope": READ}, READ, [fit.resource]),
    ):
        got = tokens(service.exchange_token(granted.access, **target))
        reader = plans if plans.resource in audience else fit
        assert (got.answer["scope"], actions.introspect(got.access, reader)["aud"]) == (scope, audience)


@pytest.mark.clause("RFC 8693 §2.2.1")
def test_it_gets_no_refresh_token(actions: Actions, granted: Tokens, fit: ResourceServerCredentials) -> None:
    options = ("--grant-type", TOKEN_EXCHANGE, "--grant-type", "refresh_token", "--exchange-from", fit.resource)
    got = tokens(actions.app(*options, scopes=[READ]).exchange_token(granted.access))
    assert "refresh_token" not in got.answer
    assert error_of(actions.app().refresh(got.access)) == (400, "invalid_grant")


@pytest.mark.clause("RFC 8693 §2.2.1", line=101)
@pytest.mark.parametrize(("own", "of_the_app", "lives"), [(86_400, 300, 300), (60, 300, 60)])
def test_it_lives_no_longer_than_the_token_it_was_got_for(
    actions: Actions, mo: Person, fit: ResourceServerCredentials, own: int, of_the_app: int, lives: int
) -> None:
    policy = ("--grant-type", TOKEN_EXCHANGE, "--exchange-from", fit.resource)
    service = actions.app(*policy, "--access-token-lifetime", str(own), scopes=[READ])
    granted = actions.app("--access-token-lifetime", str(of_the_app)).connect(mo)
    got = tokens(service.exchange_token(granted.access))
    shown, before = actions.introspect(got.access), actions.introspect(granted.access)
    assert lives - 10 < got.answer["expires_in"] <= lives
    assert shown["exp"] <= before["exp"]


@pytest.mark.clause("RFC 8693 §4.1", line=102)
def test_a_chain_of_services_is_visible_and_not_endless(
    actions: Actions, service: App, granted: Tokens, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    second = actions.exchanger(plans.resource, fit.resource, scopes=[READ, PLANS])
    got, act = tokens(service.exchange_token(granted.access)), {"sub": service.client_id}
    for _ in range(3):
        got = tokens(second.exchange_token(got.access))
        act = {"sub": second.client_id, "act": act}  # type: ignore[dict-item]
        shown = actions.introspect(got.access)
        assert (shown["act"], shown["client_id"]) == (act, second.client_id)
    assert error_of(second.exchange_token(got.access)) == (400, "invalid_request")


# Who may


@pytest.mark.clause("RFC 6749 §5.2")
def test_a_client_that_no_operator_allowed_it_may_not(actions: Actions, app: App, granted: Tokens) -> None:
    public = actions.app(public=True)
    assert error_of(app.exchange_token(granted.access)) == (400, "unauthorized_client")
    assert error_of(public.exchange_token(granted.access)) == (401, "invalid_client")
    service = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
    service.secret = "wrong"
    assert error_of(service.exchange_token(granted.access)) == (401, "invalid_client")


@pytest.mark.clause("RFC 8693 §2.2.2", line=100)
def test_a_service_may_exchange_only_what_is_meant_for_it(
    actions: Actions, app: App, mo: Person, granted: Tokens, plans: ResourceServerCredentials
) -> None:
    service = actions.exchanger(plans.resource, scopes=[READ, WRITE, PLANS])
    only_fit = tokens(app.refresh(granted.refresh, scope=READ))
    assert error_of(service.exchange_token(only_fit.access)) == (400, "invalid_request")
    assert tokens(service.exchange_token(granted.access)).answer["scope"] == f"{READ} {WRITE} {PLANS}"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--grant-type", TOKEN_EXCHANGE], "whose"),
        (["--exchange-from", "RESOURCE", "--redirect-uri", "https://app.example/"], "whose"),
        (["--grant-type", TOKEN_EXCHANGE, "--exchange-from", "RESOURCE", "--public"], "public"),
        (["--grant-type", TOKEN_EXCHANGE, "--exchange-from", "https://unknown.example/"], "unknown.example"),
    ],
    ids=["nobody's tokens", "without the grant", "public", "of nobody we know"],
)
def test_no_client_is_registered_for_it_by_halves(actions: Actions, options: list[str], reason: str) -> None:
    given = [actions.stack.fit_credentials.resource if option == "RESOURCE" else option for option in options]
    arguments = ["client", "create", "Halfway", *given, "--scope", READ]
    result = actions.stack.auth_app.test_cli_runner().invoke(args=arguments)
    assert (result.exit_code, result.stdout, reason in result.stderr) == (2, "", True)


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


# How it ends


def _revoke_the_grant(actions: Actions, app: App, mo: Person, granted: Tokens) -> None:
    app.revoke(granted.refresh)


def _reuse(actions: Actions, app: App, mo: Person, granted: Tokens) -> None:
    app.refresh(granted.refresh)
    app.refresh(granted.refresh)


def _disconnect(actions: Actions, app: App, mo: Person, granted: Tokens) -> None:
    mo.disconnect(app.client_id)


def _disable(actions: Actions, app: App, mo: Person, granted: Tokens) -> None:
    actions.stack.command("account", "disable", mo.username)


def _delete_the_app(actions: Actions, app: App, mo: Person, granted: Tokens) -> None:
    actions.stack.command("client", "delete", app.client_id)


@pytest.mark.clause("RFC 7009 §2.1", line=102)
@pytest.mark.parametrize("end", [_revoke_the_grant, _reuse, _disconnect, _disable, _delete_the_app])
def test_it_ends_with_the_grant_and_its_api_hears_of_that(
    actions: Actions,
    app: App,
    service: App,
    mo: Person,
    granted: Tokens,
    plans: ResourceServerCredentials,
    end: Callable[..., None],
) -> None:
    got = tokens(service.exchange_token(granted.access, scope=PLANS))
    grant_id, reader = actions.introspect(got.access, plans)["grant_id"], Reader(actions.stack, plans)
    end(actions, app, mo, granted)
    assert actions.introspect(got.access, plans) == INACTIVE
    assert {"grant_id": grant_id} in reader.news()
    assert error_of(service.exchange_token(granted.access)) == (400, "invalid_request")


@pytest.mark.clause("RFC 7009 §2.1", line=102)
def test_it_ends_with_the_token_it_was_got_for_and_every_api_hears_of_its_own(
    actions: Actions,
    app: App,
    service: App,
    granted: Tokens,
    fit: ResourceServerCredentials,
    plans: ResourceServerCredentials,
) -> None:
    for_fit = tokens(service.exchange_token(granted.access, scope=READ))
    for_plans = tokens(service.exchange_token(granted.access, scope=PLANS))
    onward = tokens(actions.exchanger(plans.resource, scopes=[PLANS]).exchange_token(for_plans.access))
    subject = actions.introspect(granted.access)["jti"]
    of_fit = [subject, actions.introspect(for_fit.access)["jti"]]
    of_plans = [subject, *(actions.introspect(each.access, plans)["jti"] for each in (for_plans, onward))]
    readers = [Reader(actions.stack, fit), Reader(actions.stack, plans)]
    app.revoke(granted.access)
    assert actions.introspect(for_fit.access) == INACTIVE
    assert [actions.introspect(each.access, plans) for each in (for_plans, onward)] == [INACTIVE] * 2
    assert [reader.news() for reader in readers] == [[{"jti": jti} for jti in told] for told in (of_fit, of_plans)]
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 8693 §2.1")
def test_it_outlives_a_refresh_as_the_token_does_that_it_was_got_for(
    actions: Actions, app: App, service: App, granted: Tokens
) -> None:
    got = tokens(service.exchange_token(granted.access, scope=READ))
    app.refresh(granted.refresh)
    assert [actions.is_active(each.access) for each in (granted, got)] == [True, True]


@pytest.mark.clause("RFC 7009 §2.1")
def test_who_got_it_may_revoke_it_and_nobody_else_or_anything_else(
    actions: Actions, app: App, service: App, granted: Tokens
) -> None:
    first, second = (tokens(service.exchange_token(granted.access, scope=READ)) for _ in range(2))
    for stranger in (app, actions.app()):
        assert stranger.revoke(first.access).status_code == 200
    for others in (granted.access, granted.refresh):
        assert service.revoke(others).status_code == 200
    assert [actions.is_active(each.access) for each in (first, second, granted)] == [True] * 3
    for _ in range(2):
        assert service.revoke(first.access).status_code == 200
    assert [actions.is_active(each.access) for each in (first, second, granted)] == [False, True, True]


def test_it_ends_with_the_service_that_got_it_and_the_apps_own_token_lives(
    actions: Actions, service: App, granted: Tokens, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    got, other = tokens(service.exchange_token(granted.access)), actions.exchanger(fit.resource, scopes=[READ])
    kept = tokens(other.exchange_token(granted.access))
    onward = tokens(actions.exchanger(plans.resource, scopes=[PLANS]).exchange_token(got.access))
    jtis = [actions.introspect(each.access, plans)["jti"] for each in (got, onward)]
    reader = Reader(actions.stack, plans)
    actions.stack.command("client", "delete", service.client_id)
    assert [actions.introspect(each.access, plans) for each in (got, onward)] == [INACTIVE] * 2
    assert [event for event in reader.news() if "jti" in event] == [{"jti": jti} for jti in jtis]
    assert [actions.is_active(each.access) for each in (kept, granted)] == [True, True]
    assert error_of(service.exchange_token(granted.access)) == (401, "invalid_client")


def test_a_service_that_is_deleted_while_it_asks_gets_nothing(actions: Actions, service: App, granted: Tokens) -> None:
    parts = actions.stack.parts.server.parts
    client, subject = parts.clients.get(service.client_id), parts.keys.parse(granted.access)
    assert subject is not None
    actions.stack.command("client", "delete", service.client_id)
    claims = AccessTokenClaims(client.client_id, "mo", "mo", (actions.stack.fit_credentials.resource,), READ)
    with pytest.raises(ClientAuthenticationFailedError):
        parts.issuance.exchange(subject, client, claims)
    redis = actions.stack.parts.redis.reads
    (listed,) = redis.zrange(f"exchanged-by:{{0}}:{client.client_id}", 0, -1)
    assert redis.exists(listed) == 0


def test_the_end_of_a_service_that_got_stuck_half_way_is_completed_within_an_interval(
    start_stack: Callable[..., Stack],
) -> None:
    stack = start_stack(reconcile_interval=0.2)
    actions = Actions(stack)
    service = actions.exchanger(stack.fit_credentials.resource, scopes=[READ])
    granted = actions.app().connect(actions.person())
    stopped = stack.parts.reconciler.start()
    eventually(lambda: stack.parts.reconciler._reconciled_with is not None)
    got = tokens(service.exchange_token(granted.access))
    stack.parts.clients.delete(service.client_id)  # as a process does that dies right after its commit
    eventually(lambda: not actions.is_active(got.access))
    stopped.set()
    assert actions.is_active(granted.access)


# At the other API


@pytest.mark.clause("RFC 8693 §4.1")
def test_a_service_that_is_protected_by_the_kit_sees_who_acts_and_hears_of_the_end(
    actions: Actions, app: App, service: App, mo: Person, granted: Tokens, plans: ResourceServerCredentials
) -> None:
    validator = connect(
        resource=plans.resource, issuer=actions.stack.auth, client_id=plans.name, client_secret=plans.secret
    )
    got = f"Bearer {tokens(service.exchange_token(granted.access, scope=PLANS)).access}"
    try:
        token = validator.validate(got, PLANS)
        assert (token.subject, token.client_id, token.actors) == (mo.subject, service.client_id, (service.client_id,))
        assert token.stands_for_a_person
        assert validator.validate(f"Bearer {granted.access}").actors == ()
        eventually(lambda: validator.validate(got) and validator.knows(got))
        app.revoke(granted.access)
        eventually(lambda: not validator.knows(got))
        with pytest.raises(InvalidTokenError):
            validator.validate(got)
    finally:
        validator.close()


# Bound tokens


@pytest.mark.clause("RFC 9449 §5")
def test_a_bound_token_becomes_a_token_that_is_bound_to_the_key_of_the_service(
    actions: Actions, mo: Person, fit: ResourceServerCredentials
) -> None:
    key, own_key = DpopKey(), DpopKey("Ed25519")
    granted = DpopApp(actions.stack, key=key).connect(mo)
    policy = ("--grant-type", TOKEN_EXCHANGE, "--exchange-from", fit.resource)
    service = DpopApp(actions.stack, *policy, scopes=[READ], key=own_key)
    got = tokens(service.exchange_token(granted.access))
    shown = actions.introspect(got.access)
    assert (got.answer["token_type"], shown["token_type"]) == ("DPoP", "DPoP")
    assert shown["cnf"] == {"jkt": own_key.thumbprint}
    assert error_of(service.holding(None).exchange_token(granted.access)) == (400, "invalid_dpop_proof")
    assert error_of(service.sending("nonsense").exchange_token(granted.access)) == (400, "invalid_dpop_proof")


@pytest.mark.clause("RFC 9449 §5")
def test_a_service_may_bind_what_it_gets_for_a_bearer_token(
    actions: Actions, granted: Tokens, fit: ResourceServerCredentials
) -> None:
    key, policy = DpopKey(), ("--grant-type", TOKEN_EXCHANGE, "--exchange-from", fit.resource)
    service = DpopApp(actions.stack, *policy, "--dpop-bound-access-tokens", scopes=[READ], key=key)
    got = tokens(service.exchange_token(granted.access))
    assert actions.introspect(got.access)["cnf"] == {"jkt": key.thumbprint}
    assert error_of(service.holding(None).exchange_token(granted.access)) == (400, "invalid_dpop_proof")


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
