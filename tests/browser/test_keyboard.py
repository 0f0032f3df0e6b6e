"""Whoever has only a keyboard reaches everything, in the order in which it is read, and always sees where they are."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.window import Window
from tests.support.actions import CALLBACK, DEVICE, Actions, App, Verifier, query_of, tokens
from tests.support.polling import eventually

IS_SHOWN = """
const focused = document.activeElement;
const {outlineStyle, outlineWidth} = getComputedStyle(focused);
const [{left, top, right, bottom}] = focused.getClientRects(); // of the first line, if it has more
return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2
  && focused.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
"""
"""It has a frame of two CSS pixels, and its middle is in the window with nothing above it."""
HEAD = ["Skip to the content", "Moogle"]
MOST = 60
"""More than any page has."""


def places(person: str) -> list[str]:
    names = ["Overview", "Connected apps", "Sign-in and security", "Activity", "Your data"]
    return [*HEAD, *names, f"Sign out {person}"]


def walk(window: Window) -> list[str]:
    """Press Tab until it begins anew; what has the focus then, from the first element of the page on."""
    walked = list[str]()
    for _ in range(MOST):
        window.type(Keys.TAB)
        if not (name := window.focus):
            continue  # between the last element and the first is the page
        if walked and name == walked[0]:
            first = walked.index(HEAD[0])
            return walked[first:] + walked[:first]
        assert window.run(IS_SHOWN), f"nobody sees that {name} has the focus"
        walked.append(name)
    raise AssertionError(f"the focus doesn't come round: {walked}")


def go_to(window: Window, name: str) -> None:
    for _ in range(MOST):
        if window.focus == name:
            return
        window.type(Keys.TAB)
    raise AssertionError(f"Tab doesn't lead to {name}")


@pytest.mark.timeout(300)
def test_a_person_signs_in_decides_and_ends_it_by_keyboard_alone(window: Window, actions: Actions) -> None:
    mo, app, verifier = actions.person(), actions.app(), Verifier()
    window.open(app.authorize_url(verifier))
    assert window.focus == "User name"
    sign_in = ["Password", "Show: Password", "Stay signed in on this browser", "Sign in", "Sign in with a passkey"]
    assert walk(window) == [*HEAD, "User name", *sign_in]
    skip_to_the_content(window, "User name")
    go_to(window, "Show: Password")
    window.type(Keys.ENTER)
    assert window.find("#password").get_attribute("type") == "text", "and nothing was sent"
    go_to(window, "User name")
    window.type(mo.username, Keys.TAB, mo.password, Keys.ENTER)
    window.find("h1", f"Allow {app.name}")
    scopes = ["See your body weight body_weight:read", "Change your body weight body_weight:write"]
    assert walk(window) == [*places(mo.username), "use another account", *scopes, "Allow", "Don’t allow"]
    skip_to_the_content(window, "use another account")
    go_to(window, scopes[1])
    window.type(Keys.SPACE)
    go_to(window, "Allow")
    window.type(Keys.ENTER)
    eventually(lambda: window.address.startswith(CALLBACK))
    granted = tokens(app.exchange(query_of(window.address)["code"][0], verifier))
    assert granted.answer["scope"] == "body_weight:read"
    connected_apps(window, actions, app, mo.username)
    a_device(window, actions, mo.username)


def connected_apps(window: Window, actions: Actions, app: App, person: str) -> None:
    window.open(f"{actions.stack.auth}/connected-apps")
    assert walk(window) == [*places(person), f"End access of {app.name}", "Connect it"]
    skip_to_the_content(window, f"End access of {app.name}")
    go_to(window, f"End access of {app.name}")
    window.type(Keys.ENTER)
    window.find("p.card", "No app has access")


def a_device(window: Window, actions: Actions, person: str) -> None:
    code = actions.app(*DEVICE).begin_device()["user_code"]
    window.open(f"{actions.stack.auth}/device")
    assert window.focus == "Code that your device shows"
    assert walk(window) == [*places(person), "Code that your device shows", "Continue"]
    go_to(window, "Code that your device shows")
    window.type(code, Keys.ENTER)
    window.find("p.user-code", code)
    scopes = ["See your body weight body_weight:read", "Change your body weight body_weight:write"]
    assert walk(window) == [*places(person), "use another account", *scopes, "Allow", "Don’t allow"]
    go_to(window, "Allow")
    window.type(Keys.ENTER)
    window.find("h1", "is connected")


def skip_to_the_content(window: Window, first: str) -> None:
    """The link that comes first leads past all that each page has."""
    go_to(window, HEAD[0])
    window.type(Keys.ENTER, Keys.TAB)
    assert window.focus == first
