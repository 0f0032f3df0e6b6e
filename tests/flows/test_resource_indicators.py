"""RFC 8707: for which resource server a token is meant."""

import pytest

from tests.support.actions import READ, Actions, App, Verifier, error_of, redirect_parameters, tokens

PLANS = "plans:read"


@pytest.fixture
def app(actions: Actions) -> App:
    """May ask for the scopes of two resource servers."""
    return actions.app(scopes=[READ, PLANS])


@pytest.mark.clause("RFC 8707 §2")
def test_without_a_resource_the_audience_follows_from_the_scopes(actions: Actions, app: App) -> None:
    mo, stack = actions.person(), actions.stack
    both = app.connect(mo)
    assert set(actions.introspect(both.access)["aud"]) == {
        stack.fit_credentials.resource,
        stack.other_credentials.resource,
    }
    one = app.connect(mo, scopes=[READ])
    assert actions.introspect(one.access)["aud"] == [stack.fit_credentials.resource]


@pytest.mark.clause("RFC 8707 §2.1")
def test_a_resource_at_authorize_limits_the_whole_grant(actions: Actions, app: App) -> None:
    stack, verifier = actions.stack, Verifier()
    url = app.authorize_url(verifier, resource=stack.fit_credentials.resource, scope=READ)
    code = redirect_parameters(actions.person().decide(url, [READ]))["code"]
    granted = tokens(app.exchange(code, verifier))
    assert granted.answer["scope"] == READ
    assert actions.introspect(granted.access, stack.other_credentials) == {"active": False}


@pytest.mark.clause("RFC 8707 §2.2")
def test_a_resource_at_token_limits_one_access_token(actions: Actions, app: App) -> None:
    stack = actions.stack
    granted = app.connect(actions.person())
    for_plans = tokens(app.refresh(granted.refresh, resource=stack.other_credentials.resource))
    assert for_plans.answer["scope"] == PLANS
    assert not actions.is_active(for_plans.access)
    assert actions.introspect(for_plans.access, stack.other_credentials)["aud"] == [stack.other_credentials.resource]
    assert set(tokens(app.refresh(for_plans.refresh)).answer["scope"].split()) == {READ, PLANS}


@pytest.mark.clause("RFC 8707 §2")
@pytest.mark.parametrize("resource", ["https://unknown.example/", "not an address", "http://localhost:9/plans/#x"])
def test_an_unknown_or_malformed_resource_is_an_invalid_target(actions: Actions, app: App, resource: str) -> None:
    granted = app.connect(actions.person())
    assert error_of(app.refresh(granted.refresh, resource=resource)) == (400, "invalid_target")
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 8707 §2.2")
def test_a_resource_that_was_not_granted_is_an_invalid_target(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person(), scopes=[READ])
    answer = app.refresh(granted.refresh, resource=actions.stack.other_credentials.resource)
    assert error_of(answer) == (400, "invalid_target")


@pytest.mark.clause("RFC 8707 §2")
def test_an_address_below_a_resource_stands_for_it(actions: Actions, app: App) -> None:
    fit = actions.stack.fit_credentials.resource
    granted = app.connect(actions.person())
    for below in (f"{fit}body_weight/", f"{fit}body_weight/7"):
        granted = tokens(app.refresh(granted.refresh, resource=below))
        assert actions.introspect(granted.access)["aud"] == [fit]
    for beside in (fit.removesuffix("/"), f"{fit.removesuffix('/')}x/", "http://localhost:9/plans"):
        assert error_of(app.refresh(granted.refresh, resource=beside)) == (400, "invalid_target")
