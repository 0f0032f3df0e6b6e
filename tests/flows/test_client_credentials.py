"""The client credentials grant (RFC 6749 §4.4): tokens that stand for an app, not for a person."""

import pytest

from tests.support.actions import CALLBACK, READ, WRITE, Actions, App, error_of


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app("--grant-type", "client_credentials")


@pytest.mark.clause("RFC 6749 §4.4.3", line=22)
def test_the_answer_holds_no_refresh_token(app: App) -> None:
    answer = app.client_credentials()
    body = answer.json()
    assert body == {
        "access_token": body["access_token"],
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": f"{READ} {WRITE}",
    }
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")


def test_it_may_ask_for_less_and_not_for_more(actions: Actions, app: App) -> None:
    assert app.client_credentials(scope=READ).json()["scope"] == READ
    assert error_of(app.client_credentials(scope="plans:read")) == (400, "invalid_scope")


@pytest.mark.clause("RFC 6749 §4.4", line=22)
def test_a_client_that_was_not_allowed_the_grant_is_refused(actions: Actions) -> None:
    assert error_of(actions.app().client_credentials()) == (400, "unauthorized_client")
    assert error_of(actions.app(public=True).client_credentials()) == (401, "invalid_client")
    register = ["client", "create", "x", "--public", "--grant-type", "client_credentials", "--scope", READ]
    assert actions.stack.auth_app.test_cli_runner().invoke(args=register).exit_code == 2


@pytest.mark.clause("RFC 9700 §4.15", line=118)
def test_such_a_token_opens_nobodys_data(actions: Actions, app: App) -> None:
    token = app.client_credentials().json()["access_token"]
    for method, body in (("GET", None), ("POST", {"body_weight": "80", "unit": "kg"})):
        assert actions.fit(method, token=token, json=body).status_code == 403


@pytest.mark.clause("RFC 9700 §4.15", line=118)
def test_no_client_can_be_called_like_a_person(actions: Actions) -> None:
    person = actions.person().subject
    runner = actions.stack.auth_app.test_cli_runner()
    for client_id in (person, f"{person[:5]}x"):
        register = ["client", "create", "x", "--client-id", client_id, "--redirect-uri", CALLBACK, "--scope", READ]
        assert (client_id, runner.invoke(args=register).exit_code) == (client_id, 2)


def test_deleting_the_client_ends_its_tokens_at_once(actions: Actions, app: App) -> None:
    issued = [app.client_credentials().json()["access_token"] for _ in range(3)]
    assert all(actions.is_active(token) for token in issued)
    actions.stack.command("client", "delete", app.client_id)
    assert not any(actions.is_active(token) for token in issued)
    assert error_of(app.client_credentials()) == (401, "invalid_client")


def test_one_token_can_be_revoked_without_the_others(actions: Actions, app: App) -> None:
    first, second = (app.client_credentials().json()["access_token"] for _ in range(2))
    app.revoke(first)
    assert [actions.is_active(token) for token in (first, second)] == [False, True]
