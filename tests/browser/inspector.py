"""Looks at pages with axe-core, which knows what people can't read, reach or have read to them."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Flask, template_rendered
from jinja2 import Template

from tests.browser.album import DESK, PHONE
from tests.browser.window import Window

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_RUN = """
const done = arguments[arguments.length - 1];
const said = ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`;
const ready = document.readyState === "complete" ? null : new Promise((go) => addEventListener("load", go));
Promise.resolve(ready).then(() => axe.run())
  .then(({ violations }) => done(violations.map(said)), (error) => done([`it failed: ${error}`]));
"""
_SEEN_AS = ((DESK, "light"), (PHONE, "dark"))
"""A finding depends on the width or on the colours, so each is looked at once."""


class Inspector:
    """It looks at pages, and knows of which templates of applications in this process they were made."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._last: tuple[str, str] | None = None
        self._templates = set[tuple[str, str]]()
        self.findings = list[str]()
        template_rendered.connect(self._note)

    def look(self, page: str, html: str | None = None) -> None:
        """Look at the page that is open, or at this one in its place; it has this name in `findings`.

        That costs a fraction of opening it: axe-core stays, and has been compiled.
        """
        if html is not None:
            assert "<main" in html, f"{page} is none: {html}"
            self._window.show(html)
        if self._window.run("return typeof axe === 'undefined'"):
            self._window.run(AXE)
        for width, scheme in _SEEN_AS:
            self._window.be_wide(width)
            self._window.be_shaded(scheme)
            self.findings += [f"{page}, {width} {scheme}: {each}" for each in self._window.wait_for(_RUN)]
        if self._last is not None:
            self._templates.add(self._last)

    def unseen(self, application: str, folder: Path) -> list[str]:
        """The pages among this application's templates that were not looked at."""
        pages = [each for each in folder.glob("*.html") if '{% extends "layout.html" %}' in each.read_text("utf-8")]
        return sorted(each.name for each in pages if (application, each.name) not in self._templates)

    def _note(self, sender: Flask, template: Template, **_: Any) -> None:
        self._last = sender.import_name, str(template.name)
