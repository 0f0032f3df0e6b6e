"""The story in a real browser."""

from pathlib import Path

import pytest

from tests.browser.window import Window
from tests.support.actions import READ, Actions
from tests.support.strength_app import run_strength_app


@pytest.mark.timeout(300)
def test_the_story_as_a_person_lives_it(window: Window, actions: Actions, tmp_path: Path) -> None:
    mo = actions.person()
    with run_strength_app(actions.stack, tmp_path) as app:
        window.open(app.url)
        window.press("Connect Moogle Fit")

        window.fill("username", mo.username)
        window.fill("password", "not my password")
        window.press("Sign in")
        assert "don’t match" in window.text
        window.fill("username", mo.username)
        window.fill("password", mo.password)
        window.press("Sign in")

        assert window.place == "/consent"
        assert "See your body weight" in window.text
        window.tick_only(READ)
        window.press("Allow")

        assert "not to change it" in window.text
        window.press("Connect again")
        window.press("Allow")
        for weight in ("82.5", "82.1", "81.4", "81.9", "80.8"):
            window.fill("body_weight", weight)
            window.press("Add")
        assert "80.8" in window.text

        window.open(f"{actions.stack.auth}/connected-apps")
        assert "Strength" in window.text
        window.press("Sign-in and security")
        window.press("Connected apps")
        window.press("End access")
        assert "No app has access" in window.text

        window.open(app.url)
        assert "Connect again to go on." in window.text
