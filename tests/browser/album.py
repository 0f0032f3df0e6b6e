"""Pictures of pages, for `docs/screenshots`: each in both themes, as wide as a desk and as a phone."""

from pathlib import Path

from tests.browser.window import Window

SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
DESK, PHONE = 1280, 390
"""CSS pixels."""


class Album:
    """It is filled where `--screenshots` asks for it; that a page fits on a phone is held in any case."""

    def __init__(self, window: Window, *, is_kept: bool) -> None:
        self._window = window
        self._is_kept = is_kept

    def take(self, page: str) -> None:
        """Take pictures of the page that is open, under this name. Afterwards the window is as before."""
        self._window.be_wide(PHONE)
        assert self._window.run("return document.documentElement.scrollWidth <= innerWidth"), f"{page} is cut off"
        for width in (DESK, PHONE) if self._is_kept else ():
            self._window.be_wide(width)
            for scheme in ("light", "dark"):
                self._window.be_shaded(scheme)
                self._window.save_page(SCREENSHOTS / f"{page}-{scheme}-{width}.png")
        self._window.be_as_before()
