"""Servers that stand in front of APIs: what comes to them is good there alone, and they exchange it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.actions import (
    INACTIVE,
    PLANS,
    READ,
    WRITE,
    Actions,
    App,
    Person,
    Tokens,
    Verifier,
    error_of,
    redirect_parameters,
    tokens,
)
from tests.support.feed_reader import Reader
from tests.support.stack import ResourceServerCredentials, Stack

FRONT = "http://localhost:9/front"


def registered_front(actions: Actions, name: str, resource: str, tmp: Any) -> ResourceServerCredentials:
    file = tmp / name
    actions.stack.command(
        "resource-server", "ensure", name, "--resource", resource, "--front", "--secret-file", str(file)
    )
    return ResourceServerCredentials(name, file.read_text(), resource)


@pytest.fixture(scope="module")
def front(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> ResourceServerCredentials:
    return registered_front(Actions(stack), "front", FRONT, tmp_path_factory.mktemp("fronts"))


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(scopes=[READ, WRITE, PLANS])


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


@pytest.fixture
def connected(app: App, mo: Person) -> Callable[..., Tokens]:
    """As agents do: the same resource at both ends."""

    def connect(*scopes: str, resource: Any = FRONT) -> Tokens:
        verifier = Verifier()
        link = app.authorize_url(verifier, resource=resource, scope=" ".join(scopes))
        code = redirect_parameters(mo.decide(link, scopes))["code"]
        return tokens(app.exchange(code, verifier, resource=resource))

    return connect


@pytest.mark.clause("RFC 8707 §2")
def test_a_token_for_a_front_carries_scopes_of_others_and_is_good_there_alone(
    actions: Actions, front: ResourceServerCredentials, connected: Callable[..., Tokens], app: App
) -> None:
    granted = connected(READ, PLANS)
    refreshed = tokens(app.refresh(granted.refresh, resource=FRONT))
    for token in (granted, refreshed):
        seen = actions.introspect(token.access, front)
        assert (seen["aud"], seen["scope"]) == ([FRONT], f"{READ} {PLANS}")
        for other in (actions.stack.fit_credentials, actions.stack.other_credentials):
            assert actions.introspect(token.access, other) == INACTIVE
        assert actions.fit("GET", token=token.access).status_code == 401


@pytest.mark.clause("RFC 8707 §2")
def test_nothing_is_for_a_front_that_was_not_named(
    actions: Actions, front: ResourceServerCredentials, app: App, mo: Person
) -> None:
    granted = app.connect(mo)
    assert actions.introspect(granted.access, front) == INACTIVE
    assert error_of(app.refresh(granted.refresh, resource=FRONT)) == (400, "invalid_target")


@pytest.mark.clause("RFC 8693 §2.2.1")
def test_its_client_exchanges_what_came_for_the_apis_behind_it_and_for_no_more_than_that_was_good_for(
    actions: Actions, front: ResourceServerCredentials, connected: Callable[..., Tokens]
) -> None:
    fit, plans, mine = actions.stack.fit_credentials, actions.stack.other_credentials, connected(READ, PLANS)
    service = actions.exchanger(FRONT, scopes=[READ, WRITE])
    got = tokens(service.exchange_token(mine.access, resource=fit.resource))
    seen = actions.introspect(got.access)
    assert (seen["aud"], seen["scope"], seen["act"]) == ([fit.resource], READ, {"sub": service.client_id})
    assert actions.fit("GET", token=got.access).status_code == 200
    assert actions.introspect(got.access, front) == INACTIVE
    everything = tokens(service.exchange_token(mine.access))
    assert (everything.answer["scope"], actions.introspect(everything.access)["aud"]) == (READ, [fit.resource])
    for wanted, error in (
        ({"scope": WRITE}, "invalid_scope"),
        ({"scope": f"{READ} {WRITE}", "resource": fit.resource}, "invalid_scope"),
        ({"scope": PLANS}, "invalid_scope"),
        ({"scope": READ, "resource": plans.resource}, "invalid_scope"),
        ({"resource": plans.resource}, "invalid_target"),
        ({"resource": FRONT}, "invalid_target"),
        ({"audience": front.name}, "invalid_target"),
        ({"resource": f"{actions.stack.auth}/userinfo"}, "invalid_target"),
    ):
        assert error_of(service.exchange_token(mine.access, **wanted)) == (400, error)


@pytest.mark.clause("RFC 8693 §2.2.2")
def test_nobody_elses_client_exchanges_what_came_to_a_front(
    actions: Actions, front: ResourceServerCredentials, connected: Callable[..., Tokens], tmp_path: Any
) -> None:
    fit, plans = actions.stack.fit_credentials, actions.stack.other_credentials
    other = registered_front(actions, "other-front", "http://localhost:9/other", tmp_path)
    mine = connected(READ, PLANS)
    for resource in (fit.resource, plans.resource, other.resource):
        service = actions.exchanger(resource, scopes=[READ, PLANS])
        assert error_of(service.exchange_token(mine.access)) == (400, "invalid_request")
    both = connected(READ, PLANS, resource=[FRONT, fit.resource])
    service = actions.exchanger(fit.resource, scopes=[READ, PLANS])
    assert error_of(service.exchange_token(both.access, resource=plans.resource)) == (400, "invalid_target")
    got = tokens(service.exchange_token(both.access))
    assert (got.answer["scope"], actions.introspect(got.access)["aud"]) == (READ, [fit.resource])
    ours = actions.exchanger(FRONT, scopes=[READ])
    assert error_of(ours.exchange_token(mine.access, resource=other.resource)) == (400, "invalid_target")


def test_the_end_of_a_grant_is_told_to_the_front_and_to_those_behind_it(
    actions: Actions, front: ResourceServerCredentials, connected: Callable[..., Tokens], app: App
) -> None:
    fit, plans = actions.stack.fit_credentials, actions.stack.other_credentials
    granted = connected(READ)
    got = tokens(actions.exchanger(FRONT, scopes=[READ]).exchange_token(granted.access))
    readers = {each: Reader(actions.stack, each) for each in (front, fit, plans)}
    app.revoke(granted.refresh)
    assert actions.introspect(granted.access, front) == actions.introspect(got.access) == INACTIVE
    told = {each: len(reader.news()) for each, reader in readers.items()}
    assert told == {front: 1, fit: 1, plans: 0}


def test_what_a_person_takes_from_an_app_its_front_loses_and_keeps_the_rest(
    actions: Actions, front: ResourceServerCredentials, connected: Callable[..., Tokens], mo: Person, app: App
) -> None:
    granted, service = connected(READ, WRITE, PLANS), actions.exchanger(FRONT, scopes=[READ, WRITE, PLANS])
    plans = actions.stack.other_credentials.resource
    grant_id = actions.introspect(granted.access, front)["grant_id"]
    actions.stack.parts.revocation.narrow_app(mo.subject, app.client_id, [WRITE, PLANS])
    seen = actions.introspect(granted.access, front)
    assert (seen["aud"], seen["scope"]) == ([FRONT], READ)
    assert tokens(service.exchange_token(granted.access)).answer["scope"] == READ
    assert error_of(service.exchange_token(granted.access, resource=plans)) == (400, "invalid_target")
    [record] = [each for each in actions.stack.command("grant", "list") if each["grant_id"] == grant_id]
    assert set(record["audience"]) == {FRONT, actions.stack.fit_credentials.resource}
    assert tokens(app.refresh(granted.refresh, resource=FRONT)).answer["scope"] == READ


@pytest.mark.clause("RFC 8707 §2")
def test_a_client_has_nothing_for_itself_at_a_front(actions: Actions, front: ResourceServerCredentials) -> None:
    job = actions.app("--grant-type", "client_credentials", scopes=[READ])
    assert error_of(job.client_credentials(resource=FRONT)) == (400, "invalid_target")


@pytest.mark.parametrize("options", [[], ["--front", "--scope", "strange:read=See it"]])
def test_a_resource_server_owns_scopes_or_is_a_front(actions: Actions, options: list[str]) -> None:
    command = ["resource-server", "create", "strange", "--resource", "https://strange.example/", *options]
    done = actions.stack.auth_app.test_cli_runner().invoke(args=command)
    assert (done.exit_code, "at least one --scope, or else --front" in done.output) == (2, True)
