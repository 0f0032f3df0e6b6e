"""The pages where passwords are typed, and a double click, in a real browser."""

from pathlib import Path

import pytest

from tests.browser.conftest import open_window
from tests.browser.window import Window
from tests.support.actions import CALLBACK, Actions, Verifier, query_of, tokens
from tests.support.polling import eventually


@pytest.mark.timeout(300)
def test_a_person_sees_what_they_type_until_the_form_is_sent(window: Window, actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    window.open(app.authorize_url(Verifier()))
    window.fill("username", mo.username)
    window.fill("password", "wrong one")
    assert window.find("#password").get_attribute("type") == "password"
    window.find("button.show", "Show").click()
    assert window.find("#password").get_attribute("type") == "text"
    window.find("form > button").click()
    window.find("[role=alert]", "don’t match")
    assert window.find("#password").get_attribute("type") == "password"
    for scheme in ("light", "dark"):
        window.be_shaded(scheme)
    window.be_small()
    window.find("#password").send_keys(mo.password)
    window.find("form > button").click()
    window.find("button", "Don’t allow")
    assert [each for each in window.complaints() if "401" not in each] == []


@pytest.mark.timeout(300)
def test_whoever_ticks_the_box_and_nobody_else_is_signed_in_when_the_browser_is_opened_again(
    actions: Actions, tmp_path: Path
) -> None:
    mo, page = actions.person(), f"{actions.stack.auth}/sign-in?next=/account"
    with open_window(profile=tmp_path) as window:
        for ticks in (False, True):
            window.open(page)
            window.fill("username", mo.username)
            window.fill("password", mo.password)
            if ticks:
                window.find("label", "Stay signed in on this browser").click()
            window.press("Sign in")
            assert (window.place, window.keeps_its_cookie) == ("/account", ticks)
    with open_window(profile=tmp_path) as window:
        window.open(f"{actions.stack.auth}/account")
        assert window.place == "/account"


@pytest.mark.timeout(300)
def test_a_double_click_on_allow_over_a_slow_line_brings_the_app_its_code(window: Window, actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    window.open(app.authorize_url(verifier))
    window.fill("username", mo.username)
    window.fill("password", mo.password)
    window.find("form > button").click()
    window.find("button", "Don’t allow")
    window.be_slow(latency=1000)
    window.double_click("button[value=allow]")
    eventually(lambda: window.address.startswith(f"{CALLBACK}?"))
    [code] = query_of(window.address)["code"]
    assert actions.is_active(tokens(app.exchange(code, verifier)).access)
