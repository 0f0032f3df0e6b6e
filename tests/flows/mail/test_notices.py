"""What happens to an account is told to the address that its person confirmed, and to no other."""

import pytest
import requests

from auth_service.models.security_event import EventKind
from auth_service.storage.notices import MAILED
from auth_service.workers.mail_texts import TEXTS
from tests.flows.mail.conftest import METRICS_TOKEN
from tests.support.actions import Actions, Person
from tests.support.mail import MailServer, deliver


@pytest.fixture
def mo(actions: Actions) -> Person:
    mo = actions.person()
    actions.stack.command("account", "set-email", mo.username, f"{mo.username}@example.org", "--verified")
    mo.sign_in()
    return mo


def told(actions: Actions, mails: MailServer, mo: Person) -> list[str]:
    deliver(actions.stack.parts)
    return mails.to(f"{mo.username}@example.org")


def change_password(mo: Person) -> None:
    mo.browser.get("/account/security")
    mo.browser.submit("/account/password", {"current": mo.password, "new": "a fresh long password 7"})


def test_a_changed_password_is_told_with_where_it_was_done(actions: Actions, mails: MailServer, mo: Person) -> None:
    change_password(mo)
    [text] = told(actions, mails, mo)
    assert f"Hello {mo.username},\n\nThe password of your account at {actions.stack.auth} was changed on " in text
    assert "\nIt was done in python-requests, from 127.0.0.1.\n" in text
    assert f"choose a new password at once, at {actions.stack.auth}/forgot-password\n" in text


def test_what_an_operator_did_is_told_as_theirs(actions: Actions, mails: MailServer, mo: Person) -> None:
    actions.stack.command("account", "set-password", mo.username, "--password-stdin", stdin="the new long password 9")
    [text] = told(actions, mails, mo)
    assert "\nAn operator of the service did it.\n" in text


def test_a_key_that_came_again_is_told_once_with_the_page_of_its_story(
    actions: Actions, mails: MailServer, mo: Person
) -> None:
    app = actions.app()
    granted = app.connect(mo)
    grant_id = actions.introspect(granted.access)["grant_id"]
    for _ in range(4):
        app.refresh(granted.refresh)
    [text] = told(actions, mails, mo)
    assert f"\n{actions.stack.auth}/activity/reuse/{grant_id}\n" in text
    page = mo.browser.get(f"/activity/reuse/{grant_id}")
    assert page.status_code == 200


def test_an_address_that_nobody_confirmed_is_told_nothing(actions: Actions, mails: MailServer, mo: Person) -> None:
    actions.stack.command("account", "set-email", mo.username, f"unconfirmed-{mo.username}@example.org")
    told(actions, mails, mo)
    mails.mails.clear()
    mails.recipients.clear()
    change_password(mo)
    deliver(actions.stack.parts)
    assert mails.mails == []


def test_a_page_is_as_good_as_ever_while_the_mail_server_is_away(
    actions: Actions, mails: MailServer, mo: Person
) -> None:
    """Nobody asks it: what is to be mailed waits in SQL."""
    mails.refuse = {f"{mo.username}@example.org": "421 away"}
    change_password(mo)
    assert actions.stack.parts.mail.figures()[0] == 1


def test_metrics_tell_what_waits(actions: Actions, mails: MailServer, mo: Person) -> None:
    def shown() -> str:
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        return requests.get(f"{actions.stack.auth}/metrics", headers=headers, timeout=60).text

    assert "\nmail_waiting 0.0\n" in shown()
    assert "\nmail_oldest_seconds 0.0\n" in shown()
    change_password(mo)
    assert "\nmail_waiting 1.0\n" in shown()
    assert "\nmail_oldest_seconds 0.0\n" not in shown()


def test_one_place_says_which_events_are_mailed_and_each_has_a_text() -> None:
    assert set(MAILED) == {
        EventKind.PASSWORD_CHANGED,
        EventKind.PASSWORD_RESET,
        EventKind.EMAIL_CHANGED,
        EventKind.CREDENTIAL_REUSED,
        EventKind.PASSKEY_ADDED,
        EventKind.PASSKEY_REMOVED,
        EventKind.AUTHENTICATOR_ADDED,
        EventKind.AUTHENTICATOR_REMOVED,
        EventKind.RECOVERY_CODES_MADE,
        EventKind.RECOVERY_CODE_USED,
        EventKind.SECOND_FACTOR_RESET,
    }
    assert set(MAILED.values()) <= set(TEXTS)
