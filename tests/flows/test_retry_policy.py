"""A refresh whose answer was lost, without an Idempotency-Key: reuse by default, and not by the client's policy."""

import json
from collections.abc import Callable

import pytest
import redis
import requests
from click.testing import Result

from auth_service.storage import grants
from auth_service.storage.grants import GrantStore
from tests.support.actions import READ, TIMEOUT, WRITE, Actions, App, Tokens, Verifier, error_of, tokens
from tests.support.registration import register
from tests.support.stack import Stack

pytestmark = pytest.mark.core
UNTIL_USED = ("--retry", "until-used")


@pytest.fixture(params=["confidential", "public"])
def app(request: pytest.FixtureRequest, actions: Actions) -> App:
    return actions.app(*UNTIL_USED, public=request.param == "public")


@pytest.fixture
def no_second_after_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair that was used was used long ago."""
    monkeypatch.setattr(grants, "USED_WINDOW", 0)


@pytest.mark.clause("RFC 9700 §4.14.2", line=115)
@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("preset", [(), ("--preset", "service", "--grant-type", "authorization_code")])
def test_by_default_the_second_use_of_a_refresh_token_is_refused_and_ends_the_grant(
    actions: Actions, preset: tuple[str, ...], *, public: bool
) -> None:
    app = actions.app(*preset, *(("--grant-type", "refresh_token") if preset else ()), public=public)
    granted = app.connect(actions.person())
    pair = tokens(app.refresh(granted.refresh))
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    assert error_of(app.refresh(pair.refresh)) == (400, "invalid_grant")


def test_until_it_is_used_the_identical_answer_is_given_again(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person())
    first, again = (app.refresh(granted.refresh).json() for _ in range(2))
    assert first.pop("expires_in") >= again.pop("expires_in")
    assert first == again
    assert app.refresh(first["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Idempotency-Key": "a-key-of-a-test-with-two-ways"}], ids=["without a key", "with one"]
)
def test_a_repetition_may_prove_in_another_way_whose_it_is(actions: Actions, headers: dict[str, str]) -> None:
    """golang.org/x/oauth2 tries the body when there was no answer to Basic."""
    app = actions.app(*UNTIL_USED)
    form = {"grant_type": "refresh_token", "refresh_token": app.connect(actions.person()).refresh}
    in_body = {**form, "client_id": app.client_id, "client_secret": app.secret}
    first, again = (
        requests.post(f"{actions.stack.auth}/token", sent, auth=auth, headers=headers, timeout=TIMEOUT)
        for sent, auth in ((form, (app.client_id, str(app.secret))), (in_body, None))
    )
    assert tokens(again).refresh == tokens(first).refresh
    assert tokens(again).access == tokens(first).access


def used_by_introspection(actions: Actions, _app: App, pair: Tokens) -> None:
    assert actions.is_active(pair.access)


def used_by_introspection_of_the_refresh_token(actions: Actions, _app: App, pair: Tokens) -> None:
    assert not actions.is_active(pair.refresh)


def used_by_userinfo(actions: Actions, _app: App, pair: Tokens) -> None:
    headers = {"Authorization": f"Bearer {pair.access}"}
    assert (
        requests.get(f"{actions.stack.auth}/userinfo", headers=headers, timeout=60).status_code == 401
    )  # it is not for us


def used_by_an_exchange(actions: Actions, _app: App, pair: Tokens) -> None:
    service = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
    assert service.exchange_token(pair.access).status_code == 200


def used_by_revocation_of_the_access_token(_actions: Actions, app: App, pair: Tokens) -> None:
    assert app.revoke(pair.access).status_code == 200


def used_by_a_refresh_that_asks_for_too_much(_actions: Actions, app: App, pair: Tokens) -> None:
    assert app.refresh(pair.refresh, resource="https://nobody.example/").status_code == 400


@pytest.mark.parametrize(
    "use",
    [
        used_by_introspection,
        used_by_introspection_of_the_refresh_token,
        used_by_userinfo,
        used_by_an_exchange,
        used_by_revocation_of_the_access_token,
        used_by_a_refresh_that_asks_for_too_much,
    ],
)
@pytest.mark.usefixtures("no_second_after_use")
def test_when_a_token_of_the_answer_has_reached_us_in_any_way_it_is_reuse(
    actions: Actions, app: App, use: Callable[[Actions, App, Tokens], None]
) -> None:
    granted = app.connect(actions.person())
    pair = tokens(app.refresh(granted.refresh))
    use(actions, app, pair)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    assert not actions.is_active(pair.access)


def test_a_moment_after_the_use_a_client_that_proves_itself_gets_it_and_others_wait(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person())
    pair = tokens(app.refresh(granted.refresh))
    assert actions.is_active(pair.access)
    again = app.refresh(granted.refresh)
    if app.secret:
        assert tokens(again).refresh == pair.refresh
    else:
        assert error_of(again) == (503, "temporarily_unavailable")
        assert again.headers["Retry-After"] == "2"
        assert "look for its successor" in again.json()["error_description"]
    assert app.refresh(pair.refresh).status_code == 200  # nothing ended


def test_another_request_gets_nothing_of_it_and_ends_nothing(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person())
    narrow = tokens(app.refresh(granted.refresh, scope=READ))
    other = app.refresh(granted.refresh, scope=f"{READ} {WRITE}")
    assert error_of(other) == (400, "invalid_request")
    assert tokens(app.refresh(granted.refresh, scope=READ)).access == narrow.access


def test_what_was_taken_from_the_grant_meanwhile_is_not_in_the_repeated_answer(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person())
    grant_id = actions.introspect(granted.access)["grant_id"]
    app.refresh(granted.refresh)
    actions.stack.command("grant", "narrow", grant_id, "--scope", READ)
    again = tokens(app.refresh(granted.refresh))
    assert (again.answer["scope"], actions.introspect(again.access)["scope"]) == (READ, READ)


def test_what_cannot_be_noted_is_not_answered(actions: Actions, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    granted = app.connect(actions.person())
    pair = tokens(app.refresh(granted.refresh))

    def lost(*_: object) -> None:
        raise redis.ConnectionError

    with monkeypatch.context() as outage:
        outage.setattr(GrantStore, "note_use", lost)
        assert actions.introspection(pair.access).status_code == 503
        assert actions.introspection(granted.access).status_code == 200  # nothing has to be noted of it
    assert actions.is_active(pair.access)


@pytest.mark.clause("RFC 6749 §4.1.2")
def test_a_code_stays_strict(actions: Actions, app: App) -> None:
    verifier = Verifier()
    code = app.get_code(actions.person(), verifier)
    granted = tokens(app.exchange(code, verifier))
    assert error_of(app.exchange(code, verifier)) == (400, "invalid_grant")
    assert not actions.is_active(granted.access)


@pytest.mark.parametrize(
    ("settings", "policy"), [({}, "strict"), ({"registered_client_retry": "until-used"}, "until-used")]
)
def test_a_client_that_registers_itself_has_the_policy_of_the_setting(
    start_stack: Callable[..., Stack], settings: dict[str, str], policy: str
) -> None:
    stack = start_stack(registration="open", **settings)
    metadata = {"redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none"}
    client_id = register(stack, metadata).json()["client_id"]
    assert {each["client_id"]: each["retry"] for each in stack.command("client", "list")}[client_id] == policy


def created(actions: Actions, *options: str) -> Result:
    arguments = ["client", "create", "App", "--redirect-uri", "https://app.example/cb", "--scope", READ, *options]
    return actions.stack.auth_app.test_cli_runner().invoke(args=arguments)


def test_the_option_of_the_release_before_is_refused_with_its_new_name(actions: Actions) -> None:
    result = created(actions, "--grace-period", "30")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--grace-period is --retry until-used by now" in result.stderr


def test_a_preset_sets_what_no_option_says_and_says_so(actions: Actions) -> None:
    result = created(actions, "--preset", "spa")
    described = json.loads(result.stdout)
    assert (described["public"], described["retry"], described["access_token_lifetime"]) == (True, "until-used", 600)
    assert "--retry until-used --access-token-lifetime 600: its tabs refresh in parallel" in result.stderr
    given = json.loads(
        created(actions, "--preset", "spa", "--retry", "strict", "--grant-type", "authorization_code").stdout
    )
    assert (given["retry"], given["grant_types"]) == ("strict", ["authorization_code"])
    service = json.loads(created(actions, "--preset", "service").stdout)
    assert (service["public"], service["retry"], service["grant_types"]) == (False, "strict", ["client_credentials"])
