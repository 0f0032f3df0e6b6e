"""A person's yes that was asked for, or under way, when they took something back: it doesn't begin a grant any more."""

from collections.abc import Callable

import pytest
import requests

from auth_service.storage.consents import ConsentStore
from auth_service.storage.grant_records import GrantRecordStore
from tests.support.actions import (
    DEVICE,
    READ,
    WRITE,
    Actions,
    App,
    Browser,
    Person,
    Verifier,
    error_of,
    redirect_parameters,
)
from tests.support.stack import Stack

ASSURED = "https://app.example/callback"
"""Of an app whose consent is remembered."""
NEW = "a fresh long password 7"

Act = Callable[[Actions, Person, App], object]


def change_password(_: Actions, mo: Person, __: App) -> None:
    mo.sign_in()
    mo.browser.get("/account")
    answer = mo.browser.submit("/account/password", {"current": mo.password, "new": NEW})
    assert "Your password is changed." in answer.text


def sign_out_everywhere(_: Actions, mo: Person, __: App) -> None:
    mo.sign_in()
    mo.browser.get("/account")
    mo.browser.submit("/account/sign-out-everywhere", {})


def disconnect(_: Actions, mo: Person, app: App) -> None:
    mo.sign_in()
    assert "has no access any more" in mo.disconnect(app.client_id).text


def disable_and_enable(actions: Actions, mo: Person, _: App) -> None:
    actions.stack.command("account", "disable", mo.username)
    actions.stack.command("account", "enable", mo.username)


def narrow(actions: Actions, mo: Person, app: App) -> None:
    of_this_app = ("--username", mo.username, "--client-id", app.client_id)
    for grant in actions.stack.command("grant", "list", *of_this_app):
        actions.stack.command("grant", "narrow", grant["grant_id"], "--scope", READ)


def delete_the_client(actions: Actions, _: Person, app: App) -> None:
    actions.stack.command("client", "delete", app.client_id)


def take_a_scope_from_the_client(actions: Actions, _: Person, app: App) -> None:
    actions.stack.parts.revocation.change_client(app.client_id, lambda client: setattr(client, "scopes", (WRITE,)))


ACTS = [
    change_password,
    sign_out_everywhere,
    disconnect,
    disable_and_enable,
    narrow,
    delete_the_client,
    take_a_scope_from_the_client,
]


def in_another_browser(actions: Actions, mo: Person, app: App, act: Act) -> None:
    here, mo.browser = mo.browser, Browser(actions.stack)
    act(actions, mo, app)
    mo.browser = here


def while_a_decision_is_recorded(
    monkeypatch: pytest.MonkeyPatch, actions: Actions, mo: Person, app: App, act: Act
) -> None:
    """The act comes, and is acknowledged, after the decision was looked at and before it is recorded."""
    record = GrantRecordStore.add

    def held(self: GrantRecordStore, *args: object, **more: object) -> object:
        in_another_browser(actions, mo, app, act)
        return record(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(GrantRecordStore, "add", held)


@pytest.fixture
def actions(stricter_stack: Stack) -> Actions:
    stricter_stack.forget_failures()
    return Actions(stricter_stack)


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


def open_question(app: App, mo: Person) -> None:
    mo.sign_in()
    assert mo.browser.follow(app.authorize_url(Verifier())).status_code == 200


def say_yes(mo: Person) -> requests.Response:
    return mo.browser.submit("/consent", {"scope": [READ, WRITE], "decision": "allow"})


@pytest.mark.clause("RFC 6749 §4.1.2.1")
@pytest.mark.parametrize("act", ACTS)
def test_a_yes_that_is_overtaken_gets_no_code(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    app = actions.app()
    app.connect(mo)
    open_question(app, mo)
    while_a_decision_is_recorded(monkeypatch, actions, mo, app, act)
    assert redirect_parameters(say_yes(mo))["error"] == "access_denied"


@pytest.mark.parametrize("act", ACTS)
def test_a_remembered_yes_that_is_overtaken_gets_no_code(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    app = actions.app(redirect_uri=ASSURED)
    app.connect(mo)
    while_a_decision_is_recorded(monkeypatch, actions, mo, app, act)
    assert redirect_parameters(mo.browser.follow(app.authorize_url(Verifier())))["error"] == "access_denied"


def test_what_is_taken_back_just_after_it_was_looked_up_is_not_used(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, look_up = actions.app(redirect_uri=ASSURED), ConsentStore.scopes
    app.connect(mo)

    def overtaken(self: ConsentStore, account_id: str, client_id: str) -> set[str]:
        found = look_up(self, account_id, client_id)
        if found:
            in_another_browser(actions, mo, app, disconnect)
        return found

    monkeypatch.setattr(ConsentStore, "scopes", overtaken)
    assert redirect_parameters(mo.browser.follow(app.authorize_url(Verifier())))["error"] == "access_denied"


@pytest.mark.clause("RFC 8628 §3.5")
@pytest.mark.parametrize("act", ACTS)
def test_a_yes_to_a_device_that_is_overtaken_gets_no_tokens(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    app = actions.app(*DEVICE, "--grant-type", "authorization_code")
    app.connect(mo)
    codes = app.begin_device()
    mo.open_device_page(codes["user_code"])
    while_a_decision_is_recorded(monkeypatch, actions, mo, app, act)
    mo.browser.submit("/device", {"scope": [READ], "decision": "allow"})
    assert error_of(app.poll(codes["device_code"]))[1] in {"access_denied", "invalid_client"}


@pytest.mark.parametrize("act", [disconnect, narrow])
def test_a_question_that_was_opened_before_the_app_lost_something_is_asked_in_vain(
    actions: Actions, mo: Person, act: Act
) -> None:
    app, on_device = actions.app(), actions.app(*DEVICE, "--grant-type", "authorization_code")
    for each in (app, on_device):
        each.connect(mo)
    open_question(app, mo)
    in_another_browser(actions, mo, app, act)
    assert redirect_parameters(say_yes(mo))["error"] == "access_denied"

    codes = on_device.begin_device()
    mo.open_device_page(codes["user_code"])
    in_another_browser(actions, mo, on_device, act)
    mo.browser.submit("/device", {"scope": [READ], "decision": "allow"})
    assert error_of(on_device.poll(codes["device_code"])) == (400, "access_denied")

    assert "code" in redirect_parameters(mo.decide(app.authorize_url(Verifier()), [READ]))  # asked anew, it counts


def test_a_question_about_one_app_outlives_the_end_of_another(actions: Actions, mo: Person) -> None:
    app, other = actions.app(), actions.app()
    other.connect(mo)
    open_question(app, mo)
    in_another_browser(actions, mo, other, disconnect)
    assert "code" in redirect_parameters(say_yes(mo))


def test_an_overtaken_yes_is_not_remembered_either(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = actions.app(redirect_uri=ASSURED)
    app.connect(mo, scopes=[READ])
    open_question(app, mo)
    with monkeypatch.context() as patch:
        while_a_decision_is_recorded(patch, actions, mo, app, disconnect)
        say_yes(mo)
    assert mo.browser.follow(app.authorize_url(Verifier())).status_code == 200  # the question
