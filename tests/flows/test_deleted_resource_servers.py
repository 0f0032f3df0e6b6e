"""An operator deletes a resource server: nothing of it is left to anybody, and the rest goes on."""

from collections.abc import Iterator

import pytest
import requests

from tests.support.actions import INACTIVE, READ, TIMEOUT, Actions, App, Verifier, error_of, tokens
from tests.support.feed_reader import Reader
from tests.support.stack import ResourceServerCredentials, Stack

NAME, RESOURCE, SCOPE = "moogle-sleep", "https://sleep.example/", "sleep:read"
REGISTRATION = (NAME, "--resource", RESOURCE, "--scope", f"{SCOPE}=See how you sleep")
GRANTS = [
    part for name in ("authorization_code", "refresh_token", "client_credentials") for part in ("--grant-type", name)
]


@pytest.fixture
def server(stack: Stack) -> Iterator[ResourceServerCredentials]:
    secret = stack.command("resource-server", "create", *REGISTRATION)["client_secret"]
    yield ResourceServerCredentials(NAME, secret, RESOURCE)
    stack.auth_app.test_cli_runner().invoke(args=["resource-server", "delete", NAME, "--yes"])


def end(stack: Stack, name: str = NAME) -> None:
    assert stack.command("resource-server", "delete", name, "--yes") == {"client_id": name, "deleted": True}


def own_token(app: App) -> str:
    return tokens(app.client_credentials(scope=SCOPE)).access


def test_its_secret_ends_for_introspection_and_the_feed(actions: Actions, server: ResourceServerCredentials) -> None:
    granted = actions.app(scopes=[SCOPE]).connect(actions.person())
    reader = Reader(actions.stack, server)
    assert actions.introspect(granted.access, server)["active"] is True
    end(actions.stack)
    assert error_of(actions.introspection(granted.access, server)) == (401, "invalid_client")
    assert error_of(reader.request(after=reader.cursor)) == (401, "invalid_client")
    deleted = requests.get(f"{actions.stack.auth}/deleted-accounts", auth=(server.name, server.secret), timeout=TIMEOUT)
    assert error_of(deleted) == (401, "invalid_client")
    actions.stack.forget_failures()
    listed = [each["client_id"] for each in actions.stack.command("resource-server", "list")]
    assert NAME not in listed
    event = actions.stack.command("event", "list", "--client-id", NAME, "--limit", "1")[0]
    assert (event["kind"], event["who"]) == ("resource_server_deleted", "operator")


def test_a_grant_for_it_alone_ends_and_others_lose_its_scopes(
    actions: Actions, server: ResourceServerCredentials
) -> None:
    mo = actions.person()
    app, other = actions.app(*GRANTS, scopes=[READ, SCOPE]), actions.app()
    alone, both, elsewhere = app.connect(mo, [SCOPE]), app.connect(mo, [READ, SCOPE]), other.connect(mo)
    own = own_token(app)
    assert actions.introspect(own, server)["active"] is True
    feed = Reader(actions.stack)
    end(actions.stack)
    assert error_of(app.refresh(alone.refresh)) == (400, "invalid_grant")
    assert actions.introspect(both.access)["scope"] == READ
    assert [event.get("scope") for event in feed.news() if "scope" in event] == [READ, READ]  # and of its own grant
    assert tokens(app.refresh(both.refresh)).answer["scope"] == READ
    assert actions.is_active(elsewhere.access)
    assert error_of(app.client_credentials(scope=SCOPE)) == (400, "invalid_scope")
    assert app.client_id in {
        each["client_id"] for each in actions.stack.command("grant", "list", "--username", mo.username)
    }
    assert actions.stack.command("client", "show", app.client_id)["scopes"] == [READ]


def test_its_scopes_cannot_be_asked_for(actions: Actions, server: ResourceServerCredentials) -> None:
    mo, app = actions.person(), actions.app(scopes=[READ, SCOPE])
    end(actions.stack)
    assert mo.refused(app.authorize_url(Verifier(), scope=SCOPE))["error"] == "invalid_scope"
    assert mo.refused(app.authorize_url(Verifier(), scope=READ, resource=RESOURCE))["error"] == "invalid_target"
    assert (
        SCOPE
        not in requests.get(f"{actions.stack.auth}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()[
            "scopes_supported"
        ]
    )


def test_a_server_that_is_registered_in_its_place_inherits_nothing(
    actions: Actions, server: ResourceServerCredentials
) -> None:
    mo, app = actions.person(), actions.app(*GRANTS, scopes=[SCOPE])
    granted, own = app.connect(mo), own_token(app)
    end(actions.stack)
    secret = actions.stack.command("resource-server", "create", *REGISTRATION)["client_secret"]
    again = ResourceServerCredentials(NAME, secret, RESOURCE)
    assert [actions.introspect(token, again) for token in (granted.access, own)] == [INACTIVE, INACTIVE]
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    assert error_of(app.client_credentials(scope=SCOPE)) == (400, "invalid_scope")


def test_grants_for_a_front_end_and_its_client_exchanges_no_more(actions: Actions) -> None:
    stack, resource = actions.stack, "https://front.example/"
    secret = stack.command("resource-server", "create", "sleep-front", "--resource", resource, "--front")[
        "client_secret"
    ]
    front = ResourceServerCredentials("sleep-front", secret, resource)
    app, service = actions.app(), actions.exchanger(resource, scopes=[READ])
    granted = app.connect(actions.person(), [READ], resource=resource)
    assert actions.introspect(granted.access, front)["active"] is True
    end(stack, "sleep-front")
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    assert error_of(service.exchange_token(granted.access))[0] == 400
    assert stack.command("client", "show", service.client_id)["exchange_from"] == []


def test_without_yes_nothing_ends_and_it_is_said_what_would(
    actions: Actions, server: ResourceServerCredentials
) -> None:
    granted = actions.app(scopes=[SCOPE]).connect(actions.person())
    refused = actions.stack.auth_app.test_cli_runner().invoke(args=["resource-server", "delete", NAME])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        "error: this takes from 1 clients, and from what people allowed them, all that they have at "
        f"{RESOURCE}, for good: to do so, repeat it with --yes\n"
    )
    assert actions.introspect(granted.access, server)["active"] is True


@pytest.mark.parametrize("command", ["show", "delete"])
def test_one_that_there_is_not_is_said_in_one_line(stack: Stack, command: str) -> None:
    refused = stack.auth_app.test_cli_runner().invoke(args=["resource-server", command, "nobody"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "error: there is no resource server nobody: resource-server list says which there are\n"


def test_one_that_was_given_another_scope_meanwhile_stays(
    stack: Stack, server: ResourceServerCredentials, tmp_path: object
) -> None:
    before = stack.parts.resource_servers.find(NAME)
    assert before is not None
    file = str(tmp_path) + "/secret"
    stack.command("resource-server", "ensure", *REGISTRATION, "--scope", "sleep:write=Write", "--secret-file", file)
    assert stack.parts.resource_servers.delete(before) is False
    assert stack.command("resource-server", "show", NAME)["scopes"] == {
        SCOPE: "See how you sleep",
        "sleep:write": "Write",
    }
