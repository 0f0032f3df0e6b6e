"""RFC 8707: for which resource server a token is meant, and that no other learns anything of it."""

import pytest

from tests.support.actions import (
    PLANS,
    READ,
    WRITE,
    Actions,
    App,
    Verifier,
    error_of,
    redirect_parameters,
    tokens,
)
from tests.support.feed_reader import Reader
from tests.support.stack import ResourceServerCredentials


@pytest.fixture
def app(actions: Actions) -> App:
    """May ask for the scopes of two resource servers."""
    return actions.app(scopes=[READ, PLANS])


def seen_by(actions: Actions, token: str) -> set[str]:
    """The resources of those to whom a token is active; what they are told of its audience is the same."""
    both = (actions.stack.fit_credentials, actions.stack.other_credentials)
    answers = {caller.resource: actions.introspect(token, caller) for caller in both}
    assert [answer for answer in answers.values() if not answer["active"]] in ([], [{"active": False}])
    seeing = {resource for resource, answer in answers.items() if answer["active"]}
    assert all(set(answers[resource]["aud"]) == seeing for resource in seeing)
    return seeing


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


@pytest.mark.clause("RFC 8707 §2", line=88)
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


@pytest.mark.clause("RFC 8707 §2.1", line=89)
@pytest.mark.clause("RFC 8707 §2", line=5)
@pytest.mark.parametrize("pushed", [False, True])
def test_several_resources_at_authorize_are_the_widest_that_any_token_gets(
    actions: Actions,
    app: App,
    fit: ResourceServerCredentials,
    plans: ResourceServerCredentials,
    pushed: bool,
) -> None:
    verifier, both = Verifier(), [fit.resource, plans.resource]
    address = (app.pushed_url if pushed else app.authorize_url)(verifier, resource=both)
    code = redirect_parameters(actions.person().decide(address, [READ, PLANS]))["code"]
    for_plans = tokens(app.exchange(code, verifier, resource=plans.resource))
    for_fit = tokens(app.refresh(for_plans.refresh, resource=fit.resource))
    for_both = tokens(app.refresh(for_fit.refresh, resource=both))
    unsaid = tokens(app.refresh(for_both.refresh))
    issued = (for_plans, for_fit, for_both, unsaid)
    assert [each.answer["scope"] for each in issued] == [PLANS, READ, f"{READ} {PLANS}", f"{READ} {PLANS}"]
    assert [seen_by(actions, each.access) for each in issued] == [{plans.resource}, {fit.resource}, {*both}, {*both}]


@pytest.mark.clause("RFC 8707 §2.2", lines=(89, 116))
def test_no_token_of_a_grant_reaches_further_than_the_grant(
    actions: Actions, app: App, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    verifier = Verifier()
    url = app.authorize_url(verifier, resource=fit.resource, scope=READ)
    code = redirect_parameters(actions.person().decide(url, [READ]))["code"]
    for resource in (plans.resource, [fit.resource, plans.resource], [fit.resource, "https://unknown.example/"]):
        assert error_of(app.exchange(code, verifier, resource=resource)) == (400, "invalid_target")
    granted = tokens(app.exchange(code, verifier))  # which the refusals didn't spend
    assert error_of(app.refresh(granted.refresh, resource=plans.resource)) == (400, "invalid_target")
    assert seen_by(actions, tokens(app.refresh(granted.refresh)).access) == {fit.resource}


@pytest.mark.clause("RFC 9700 §2.3", line=121)
def test_a_resource_for_which_nothing_was_granted_gets_nothing(
    actions: Actions, app: App, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    granted = app.connect(actions.person(), scopes=[READ], resource=[fit.resource, plans.resource])
    assert seen_by(actions, granted.access) == {fit.resource}


@pytest.mark.clause("RFC 9700 §2.3", line=121)
def test_a_token_with_fewer_scopes_is_for_the_owners_of_those(
    actions: Actions, app: App, fit: ResourceServerCredentials
) -> None:
    granted = app.connect(actions.person())
    assert seen_by(actions, tokens(app.refresh(granted.refresh, scope=READ)).access) == {fit.resource}


@pytest.mark.clause("RFC 6749 §5.2")
def test_scopes_of_one_resource_are_no_scopes_of_another_and_asking_spends_nothing(
    actions: Actions, app: App, plans: ResourceServerCredentials
) -> None:
    granted = app.connect(actions.person())
    contradiction = app.refresh(granted.refresh, scope=READ, resource=plans.resource)
    assert error_of(contradiction) == (400, "invalid_scope")
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 8707 §2.1", line=88)
def test_authorize_tells_of_an_invalid_target_by_redirect(
    actions: Actions, app: App, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    only_fit = actions.app(scopes=[READ])
    for asking, parameters, error in (
        (app, {"resource": "https://unknown.example/"}, "invalid_target"),
        (app, {"resource": [fit.resource, "urn:x"]}, "invalid_target"),
        (app, {"resource": f"{fit.resource}#fragment"}, "invalid_target"),
        (app, {"resource": plans.resource, "scope": READ}, "invalid_scope"),
        (only_fit, {"resource": plans.resource, "scope": None}, "invalid_target"),
    ):
        url = asking.authorize_url(Verifier(), **parameters)  # type: ignore[arg-type]
        assert actions.person().refused(url)["error"] == error


@pytest.mark.clause("RFC 8707 §2.2")
def test_a_clients_own_token_is_for_the_resources_it_names(
    actions: Actions, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    app, issued = actions.app("--grant-type", "client_credentials", scopes=[READ, WRITE, PLANS]), {}
    for resource, audience, scope in (
        (None, {fit.resource, plans.resource}, f"{READ} {WRITE} {PLANS}"),
        (plans.resource, {plans.resource}, PLANS),
        (fit.resource, {fit.resource}, f"{READ} {WRITE}"),
        ([fit.resource, plans.resource], {fit.resource, plans.resource}, f"{READ} {WRITE} {PLANS}"),
    ):
        answer = app.client_credentials(resource=resource).json()
        assert answer["scope"] == scope
        issued[answer["access_token"]] = audience
        assert {token: seen_by(actions, token) for token in issued} == issued  # none changes what another is good for
    assert error_of(app.client_credentials(resource="https://unknown.example/")) == (400, "invalid_target")
    assert error_of(app.client_credentials(resource=plans.resource, scope=READ)) == (400, "invalid_scope")


@pytest.mark.clause("RFC 8707 §2")
def test_a_resource_below_another_is_nobody_elses(actions: Actions, app: App, plans: ResourceServerCredentials) -> None:
    inner = f"{plans.resource}drafts/"
    drafts = ["resource-server", "create", "drafts", "--resource", inner, "--scope", "drafts:read=See your drafts"]
    actions.stack.command(*drafts)
    granted = app.connect(actions.person())
    assert error_of(app.refresh(granted.refresh, resource=inner)) == (400, "invalid_target")
    assert error_of(app.refresh(granted.refresh, resource=f"{inner}7")) == (400, "invalid_target")
    assert app.refresh(granted.refresh, resource=f"{plans.resource}7").status_code == 200


@pytest.mark.clause("RFC 9700 §2.3")
def test_the_revocation_feed_tells_of_a_token_only_those_it_was_for(
    actions: Actions, app: App, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    granted = app.connect(actions.person())
    for_plans = tokens(app.refresh(granted.refresh, resource=plans.resource))
    introspected = actions.introspect(for_plans.access, plans)
    of_fit, of_plans = (Reader(actions.stack, caller) for caller in (fit, plans))

    app.revoke(for_plans.access)

    told_fit = of_fit.news()
    told_plans = of_plans.news()
    assert (told_fit, told_plans) == ([], [{"jti": introspected["jti"]}])

    app.revoke(for_plans.refresh)  # which ends the grant, whose other tokens were for both

    assert of_fit.news() == [{"grant_id": introspected["grant_id"]}]
    assert of_plans.news() == [{"grant_id": introspected["grant_id"]}]


@pytest.mark.parametrize(
    "resource",
    [
        "plans",
        "/plans",
        "ftp://plans.example/",
        "https:///plans",
        "https://plans.example/#part",
        "https://plans.example/a b",
        "https://plans.example/\nhttps://fit.example/",
        "https://pläne.example/",
    ],
)
def test_a_resource_is_an_absolute_address_of_one_word(actions: Actions, resource: str) -> None:
    """Audiences are written as words."""
    command = ["resource-server", "create", "strange", "--resource", resource, "--scope", "strange:read=See it"]
    done = actions.stack.auth_app.test_cli_runner().invoke(args=command)
    assert (done.exit_code, "must be an absolute URL without fragment" in done.output) == (2, True)
