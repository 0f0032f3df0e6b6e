"""Passkeys in a real browser, with an authenticator that Chromium plays."""

import pytest

from tests.browser.window import Window
from tests.support.actions import Actions


@pytest.mark.timeout(300)
def test_a_person_adds_a_passkey_and_signs_in_with_it_and_nothing_else(window: Window, actions: Actions) -> None:
    mo = actions.person()
    window.have_authenticator()
    window.open(f"{actions.stack.auth}/account/security")
    window.fill("username", mo.username)
    window.fill("password", mo.password)
    window.press("Sign in")
    window.press("Add a passkey")
    window.fill("name", "My laptop")
    window.find("form[data-passkey] button").click()
    window.find("[role=status]", "sign in with your new passkey")
    window.find("#passkeys", "My laptop")
    for scheme in ("light", "dark"):
        window.be_shaded(scheme)
    window.press(f"Sign out {mo.username}")
    window.open(f"{actions.stack.auth}/sign-in?next=/activity")
    window.find("h1", "Activity")  # by the autofill, whose list an authenticator that is played answers at once
    window.press(f"Sign out {mo.username}")
    window.offer_no_autofill()
    window.open(f"{actions.stack.auth}/sign-in?next=/account/security")
    window.find("label", "Stay signed in on this browser").click()
    window.press("Sign in with a passkey")
    window.find("#passkeys", "Last used")
    window.find("#sessions", "Stays signed in until")
    assert window.keeps_its_cookie
    assert window.complaints() == []
