"""`/docs`: loads nothing from elsewhere, runs no code but its own; tests/browser shows that it works."""

import re
from importlib.metadata import version

import pytest
import requests

from tests.support.actions import TIMEOUT, Actions
from tests.support.stack import Stack


def get(stack: Stack, path: str) -> requests.Response:
    return requests.get(stack.fit + path, timeout=TIMEOUT, allow_redirects=False)


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/callback"])
@pytest.mark.clause("ASVS 3.4.3")
def test_its_pages_may_load_from_here_and_ask_the_authorization_server(actions: Actions, path: str) -> None:
    page = get(actions.stack, path)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {actions.stack.auth}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/docs", "/docs/callback"])
@pytest.mark.clause("ASVS 3.6.1")
def test_all_that_they_load_is_here(actions: Actions, path: str) -> None:
    page = get(actions.stack, path).text
    loaded = re.findall(r'(?:src|href|data-document)="([^"]*)"', page)
    assert len(loaded) >= 3
    assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=", page) == []
    for address in loaded:
        assert address.startswith("/")
        file = get(actions.stack, address)
        assert (file.status_code, bool(file.content)) == (200, True), address


def test_files_of_swagger_ui_can_be_kept_since_another_version_has_another_address(actions: Actions) -> None:
    present = version("flask-swagger-ui")
    bundle = get(actions.stack, f"/docs/swagger-ui/{present}/swagger-ui-bundle.js")
    assert set(bundle.headers["Cache-Control"].split(", ")) == {"public", "max-age=31536000", "immutable"}
    for path in ("0.0/swagger-ui.css", f"{present}/index.css", f"{present}/oauth2-redirect.html", f"{present}/.."):
        assert get(actions.stack, f"/docs/swagger-ui/{path}").status_code in {404, 405}


def test_without_a_client_of_its_own_it_names_none(actions: Actions) -> None:
    assert 'data-client-id=""' in get(actions.stack, "/docs").text
