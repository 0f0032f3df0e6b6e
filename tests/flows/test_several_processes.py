"""What one process of the authorization server has done is in force at the others, though each remembers records."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import pytest

import auth_service
from tests.support.actions import READ, Actions, App, Verifier, error_of, tokens
from tests.support.polling import eventually
from tests.support.servers import free_port, serve
from tests.support.stack import Stack

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")


@pytest.fixture(scope="module")
def other(stricter_stack: Stack) -> Iterator[Stack]:
    """The same service by another process, which hears of what the first one does through SQL and Redis only."""
    app, port = auth_service.create_app(stricter_stack.parts.settings), free_port()
    with serve(app, port):
        yield replace(stricter_stack, auth=f"http://localhost:{port}", auth_app=app)
    app.extensions["auth_service"].database.close()


@pytest.fixture
def actions(stricter_stack: Stack) -> Actions:
    stricter_stack.forget_failures()
    return Actions(stricter_stack)


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(*(part for name in GRANT_TYPES for part in ("--grant-type", name)), scopes=[READ])


def at(other: Stack, app: App) -> App:
    """The app, which talks to another process."""
    there = copy(app)
    there._stack = other
    return there


def test_a_deleted_client_gets_nothing_more_at_once(actions: Actions, other: Stack, app: App) -> None:
    mo, verifier, there = actions.person(), Verifier(), at(other, app)
    granted, code = app.connect(mo), app.get_code(mo, verifier)
    own = tokens(there.client_credentials()).access  # so the other process remembers the client
    refreshed = tokens(there.refresh(granted.refresh))

    actions.stack.command("client", "delete", app.client_id)

    assert error_of(there.client_credentials()) == (401, "invalid_client")
    assert there.refresh(refreshed.refresh).status_code in {400, 401}
    assert there.exchange(code, verifier).status_code in {400, 401}
    assert not any(actions.is_active(token) for token in (granted.access, refreshed.access, own))


def test_a_client_that_got_no_token_of_its_own_yet_gets_none_after_its_end(
    actions: Actions, other: Stack, app: App
) -> None:
    there = at(other, app)
    assert error_of(there.refresh("nonsense")) == (400, "invalid_grant")  # so the other process remembers the client
    actions.stack.command("client", "delete", app.client_id)
    assert error_of(there.client_credentials()) == (401, "invalid_client")
    eventually(lambda: error_of(there.refresh("nonsense")) == (401, "invalid_client"))


def test_a_deleted_service_exchanges_nothing_more_at_once(actions: Actions, other: Stack, app: App) -> None:
    service = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
    there, granted = at(other, service), app.connect(actions.person())
    got = tokens(there.exchange_token(granted.access))  # so the other process remembers the service
    actions.stack.command("client", "delete", service.client_id)
    assert error_of(there.exchange_token(granted.access)) == (401, "invalid_client")
    assert [actions.is_active(token) for token in (got.access, granted.access)] == [False, True]


def test_what_a_client_may_no_longer_do_is_refused_within_a_second(actions: Actions, other: Stack, app: App) -> None:
    there, change = at(other, app), actions.stack.parts.revocation.change_client
    assert there.client_credentials().status_code == 200  # so the other process remembers the client
    change(app.client_id, lambda client: setattr(client, "dpop_bound_access_tokens", True))
    eventually(lambda: there.client_credentials().status_code == 400)
    assert error_of(there.client_credentials()) == (400, "invalid_dpop_proof")
    change(app.client_id, lambda client: setattr(client, "grant_types", ("refresh_token",)))
    eventually(lambda: error_of(there.client_credentials()) == (400, "unauthorized_client"))


def test_a_disabled_accounts_tokens_are_not_refreshed_any_more(actions: Actions, other: Stack, app: App) -> None:
    mo, there = actions.person(), at(other, app)
    granted = app.connect(mo)
    refreshed = tokens(there.refresh(granted.refresh))
    actions.stack.command("account", "disable", mo.username)
    assert error_of(there.refresh(refreshed.refresh)) == (400, "invalid_grant")
    assert not actions.is_active(refreshed.access)


def test_a_new_secret_works_at_once_and_the_old_one_a_second_longer(actions: Actions, other: Stack, app: App) -> None:
    there = at(other, app)
    assert there.client_credentials().status_code == 200
    renewed = copy(there)
    renewed.secret = actions.stack.command("client", "rotate-secret", app.client_id)["client_secret"]
    assert renewed.client_credentials().status_code == 200
    eventually(lambda: there.client_credentials().status_code == 401)
    assert renewed.client_credentials().status_code == 200


def test_a_resource_server_and_its_scopes_are_known_within_a_second(actions: Actions, other: Stack, app: App) -> None:
    assert at(other, app).client_credentials().status_code == 200  # so the other process remembers who is there
    name = f"runs-{app.client_id[-6:].lower()}"
    scope = f"{name}:read"
    created = actions.stack.command(
        "resource-server", "create", name, "--resource", f"https://{name}.example/", "--scope", f"{scope}=See runs"
    )
    runner = at(other, actions.app("--grant-type", "client_credentials", scopes=[scope]))
    eventually(lambda: runner.client_credentials().status_code == 200)
    caller = replace(actions.stack.fit_credentials, name=name, secret=created["client_secret"])
    token = tokens(runner.client_credentials()).access
    assert Actions(other).introspect(token, caller)["active"] is True
