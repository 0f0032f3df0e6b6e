"""A person drops a file with weights, sees what would happen, and says yes."""

from pathlib import Path

import pytest

from tests.browser.window import Window
from tests.support.actions import Actions
from tests.support.imported_files import WITHINGS
from tests.support.strength_app import run_strength_app


@pytest.mark.timeout(300)
def test_a_file_becomes_a_chart_after_the_person_has_seen_what_would_happen(
    window: Window, actions: Actions, tmp_path: Path
) -> None:
    mo = actions.person()
    with run_strength_app(actions.stack, tmp_path) as app:
        window.open(app.url)
        window.press("Connect Moogle Fit")
        window.fill("username", mo.username)
        window.fill("password", mo.password)
        window.press("Sign in")
        window.press("Allow")
        window.press("Import a file")
        window.drop(WITHINGS, "form.drop")
        window.find("h1", WITHINGS.name)
        assert "The file says local times, and not where." in window.text
        window.choose("tz", "Europe/Berlin")
        window.press("Show what that means")
        window.choose("clock_changes", "Leave them out")
        window.be_small()
        window.press("Show what that means")
        assert "Withings" in window.text
        assert "2 weights to import" in window.text
        assert window.run("return document.documentElement.scrollWidth") == 390
        window.press("Import 2 weights")
        assert "2 weights were imported" in window.text
        window.press("See the chart")
        assert window.run("return document.querySelectorAll('.chart circle').length") == 2
        assert window.complaints() == []
