"""What the sign-in page says: for which app, how to see what one types, and whom to ask."""

from collections.abc import Callable

import pytest

from auth_service.models.tokens import RevokedBecause
from tests.support.actions import DEVICE, Actions, Verifier
from tests.support.stack import Stack


def test_the_page_says_for_which_app_somebody_signs_in(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    page = mo.browser.get(app.authorize_url(Verifier()))
    assert f"to continue to <strong><bdi>{app.name}</bdi></strong>" in page.text
    assert "Nobody here has checked" not in page.text
    assert "to continue to" not in mo.browser.get("/sign-in").text


@pytest.mark.clause("RFC 7591 §5")
def test_the_page_says_when_nobody_checked_who_the_app_is(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    actions.stack.parts.clients.change(
        app.client_id,
        lambda client: setattr(client, "registration_token_digest", "0" * 64),
        lambda _: (),
        RevokedBecause.OPERATOR,
    )
    page = mo.browser.get(app.authorize_url(Verifier())).text
    assert "Nobody here has checked who is behind this app" in page


def test_nobody_learns_from_a_code_what_the_device_is(actions: Actions) -> None:
    app, mo = actions.app(*DEVICE), actions.person()
    page = mo.browser.get("/device", params={"user_code": app.begin_device()["user_code"]}).text
    assert app.name not in page


@pytest.mark.parametrize("contact", [None, "Ada in room 7, ada@example.org"])
def test_who_forgot_the_password_reads_whom_to_ask(start_stack: Callable[..., Stack], contact: str | None) -> None:
    actions = Actions(start_stack(help_contact=contact))
    page = actions.person().browser.get("/sign-in").text
    assert f"Forgot your password? Ask {contact or 'whoever runs this service'}" in page


@pytest.mark.clause("ASVS 3.4.3")
@pytest.mark.clause("ASVS 6.2.6")
def test_the_password_can_be_shown_by_a_script_of_ours_where_one_is_typed_and_nowhere_else(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    for path, has_script in (("/sign-in", True), ("/account/security", True), ("/connected-apps", False), ("/", False)):
        page = mo.browser.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert ("/static/passwords.js" in page.text, "script-src 'self';" in policy) == (has_script, has_script), path
        assert "unsafe" not in policy
    script = mo.browser.get("/static/passwords.js")
    assert (script.status_code, script.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
