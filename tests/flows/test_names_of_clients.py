"""What clients that register themselves may be called, and that a person sees the name that they decided about."""

from urllib.parse import urlsplit

import pytest

from tests.support.actions import READ, Actions, Verifier, error_of, redirect_parameters
from tests.support.registration import PUBLIC, RegisteredApp, register
from tests.support.stack import Stack


@pytest.fixture
def actions(open_stack: Stack) -> Actions:
    open_stack.forget_failures()
    return Actions(open_stack)


@pytest.mark.clause("RFC 7591 §5")
def test_a_client_can_not_register_itself_under_the_name_of_another_or_ours_or_as_approved(actions: Actions) -> None:
    operators = actions.app()
    for name in (operators.name.upper(), "M00gle Fit", "Lifting log (verified)", "Log\u0338\u0338", "   "):
        answer = register(actions.stack, {**PUBLIC, "client_name": name})
        assert error_of(answer) == (400, "invalid_client_metadata"), name
    app = RegisteredApp(actions.stack)
    assert error_of(app.update(client_name=f"{operators.name}.")) == (400, "invalid_client_metadata")
    assert app.read().json()["client_name"] == PUBLIC["client_name"]
    actions.stack.command("client", "delete", operators.client_id)
    assert app.update(client_name=f"{operators.name}.").status_code == 200


def test_an_operator_may_name_a_client_as_they_like_and_it_need_not_move_for_a_stranger(actions: Actions) -> None:
    name = "Moogle Fit, official"
    options = ["--redirect-uri", "https://app.example/", "--scope", READ]
    assert actions.stack.command("client", "create", name, *options)["name"] == name
    stranger = RegisteredApp(actions.stack, client_name="Rowing diary")
    assert actions.stack.command("client", "create", "Rowing diary", *options)["name"] == "Rowing diary"
    assert stranger.update(client_name="Rowing diary", scope=READ).status_code == 200


@pytest.mark.clause("RFC 7592 §2.2")
def test_a_client_that_somebody_allowed_something_keeps_its_name(actions: Actions) -> None:
    app, mo = RegisteredApp(actions.stack), actions.person()
    assert app.update(client_name="Lifting diary").status_code == 200
    granted = app.connect(mo)
    for another in ("Another", None):
        assert error_of(app.update(client_name=another, scope=READ)) == (400, "invalid_client_metadata")
    assert app.update(client_name="Lifting diary", scope=READ).json()["scope"] == READ
    assert "Lifting diary" in mo.browser.get("/connected-apps").text
    assert actions.is_active(granted.access)


@pytest.mark.clause("RFC 7592 §2.2")
def test_a_client_that_is_renamed_while_somebody_decides_is_asked_about_again(actions: Actions) -> None:
    app, mo = RegisteredApp(actions.stack), actions.person()
    mo.sign_in()
    mo.browser.follow(app.authorize_url(Verifier()))
    assert app.update(client_name="Quite another").status_code == 200
    answer = {"scope": [READ], "decision": "allow"}
    page = mo.browser.submit("/consent", answer)
    assert (urlsplit(page.url).path, "Quite another" in page.text) == ("/consent", True)
    assert "code" in redirect_parameters(mo.browser.submit("/consent", answer))


@pytest.mark.clause("RFC 7591 §5")
def test_who_looks_at_their_apps_is_told_which_nobody_checked(actions: Actions) -> None:
    mo = actions.person()
    actions.app().connect(mo)
    assert "Nobody has checked" not in mo.browser.get("/connected-apps").text
    RegisteredApp(actions.stack).connect(mo)
    assert mo.browser.get("/connected-apps").text.count("Nobody has checked who is behind this app") == 1
