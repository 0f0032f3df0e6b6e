"""Token exchange (RFC 8693): who gets what for whose token, and that it is visible."""

import pytest

from shared.resource_server import InvalidTokenError, connect
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
from tests.support.dpop import DpopApp, DpopKey
from tests.support.polling import eventually
from tests.support.stack import ResourceServerCredentials

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
