"""Token exchange (RFC 8693): what was got ends with the token it was got for."""

from collections.abc import Callable

import pytest

from auth_service.models.tokens import AccessTokenClaims
from auth_service.protocol.errors import ClientAuthenticationFailedError
from tests.support.actions import INACTIVE, PLANS, READ, Actions, App, Person, Tokens, error_of, tokens
from tests.support.feed_reader import Reader
from tests.support.polling import eventually
from tests.support.stack import ResourceServerCredentials, Stack


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
    parts = actions.stack.parts
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
    eventually(lambda: stack.parts.redis.is_told)
    got = tokens(service.exchange_token(granted.access))
    stack.parts.clients.delete(service.client_id)  # as a process does that dies right after its commit
    eventually(lambda: not actions.is_active(got.access))
    stopped.set()
    assert actions.is_active(granted.access)
