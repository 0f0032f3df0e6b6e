"""Theft that everybody can see: a stolen refresh token, its story as a picture, and one click that ends everything."""

import pytest
import requests

from tests.browser.window import Window
from tests.support.actions import TIMEOUT, Actions, Verifier, error_of, query_of, tokens


@pytest.mark.timeout(300)
def test_a_person_sees_that_a_key_was_stolen_and_ends_everything(window: Window, actions: Actions) -> None:
    mo, verifier = actions.person(), Verifier()
    app = actions.app(redirect_uri=f"{actions.stack.fit}/callback".replace("localhost", "127.0.0.1"))
    window.open(app.authorize_url(verifier))
    window.fill("username", mo.username)
    window.fill("password", mo.password)
    window.press("Sign in")
    window.press("Allow")
    granted = tokens(app.exchange(query_of(window.address)["code"][0], verifier))
    other = actions.app().connect(mo)
    stolen = newest = tokens(app.refresh(granted.refresh))
    for _ in range(3):
        newest = tokens(app.refresh(newest.refresh))
    form = {"grant_type": "refresh_token", "refresh_token": stolen.refresh}
    thief = requests.post(
        f"{actions.stack.auth}/token",
        data=form,
        auth=(app.client_id, app.secret),
        headers={"User-Agent": "curl/8.9.1"},
        timeout=TIMEOUT,
    )
    assert error_of(thief) == (400, "invalid_grant")
    assert error_of(app.refresh(newest.refresh)) == (400, "invalid_grant")  # too late

    window.open(f"{actions.stack.auth}/connected-apps")
    assert "A key of a connected app was used twice" in window.text
    window.press("See what happened, and say whether it was you")
    assert f"A key of {app.name} was used twice" in window.text
    window.find("svg.life")
    for shade in ("light", "dark"):
        window.be_shaded(shade)
        window.run("document.querySelector('svg.life').scrollIntoView()")
    window.be_small()
    window.run("document.querySelector('svg.life').scrollIntoView()")
    window.find("summary").click()
    assert window.run("return document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off"
    window.be_shaded("light")
    window.open(f"{actions.stack.auth}/activity")
    assert window.run("return document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off"
    window.press("See what happened")
    window.press("That wasn’t me")

    assert window.place == "/account/security"
    assert "Now choose a new password" in window.text
    assert not actions.is_active(other.access)
    window.open(f"{actions.stack.auth}/connected-apps")
    assert "No app has access" in window.text
    assert [each for each in window.complaints() if "/callback" not in each] == []
