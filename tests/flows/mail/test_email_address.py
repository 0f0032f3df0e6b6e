"""A person has another e-mail address when they confirmed it, and the one before is told."""

from urllib.parse import urlsplit

import requests

from tests.support.actions import Actions, Browser, Person
from tests.support.mail import MailServer, deliver


def person(actions: Actions) -> tuple[Person, str]:
    mo = actions.person()
    address = f"{mo.username}@example.org"
    actions.stack.command("account", "set-email", mo.username, address, "--verified")
    mo.sign_in()
    return mo, address


def want(mo: Person, email: str, password: str | None = None) -> requests.Response:
    mo.browser.get("/account/security")
    return mo.browser.submit("/account/email", {"email": email, "current_for_email": password or mo.password})


def address_of(actions: Actions, mo: Person) -> tuple[str | None, bool]:
    shown = actions.stack.command("account", "show", mo.username)
    return shown["email"], shown["email_verified"]


def confirm(actions: Actions, link: str) -> requests.Response:
    browser = Browser(actions.stack)
    page = browser.follow(link)
    return browser.submit("/new-address", {}) if page.status_code == 200 else page


def test_another_address_is_theirs_once_the_link_that_went_there_was_followed(
    actions: Actions, mails: MailServer
) -> None:
    mo, before = person(actions)
    asked = want(mo, f"New-{before}")
    assert "We sent a message to that address." in asked.text
    deliver(actions.stack.parts)
    assert address_of(actions, mo) == (before, True)
    link = mails.link_for(f"new-{before}")
    page = Browser(actions.stack).follow(link)
    assert f"<bdi>new-{before}</bdi>" in page.text
    assert f"<bdi>{mo.username}</bdi>" in page.text
    assert address_of(actions, mo) == (before, True), "looking changes nothing: scanners of mail follow links"

    confirmed = confirm(actions, link)

    assert urlsplit(confirmed.url).path == "/new-address/confirmed"
    assert address_of(actions, mo) == (f"new-{before}", True)
    assert confirm(actions, link).status_code == 410
    deliver(actions.stack.parts)
    assert mails.recipients == [f"new-{before}", before]
    assert "This is the last message that you get at this address." in mails.to(before)[0]
    kinds = [each["kind"] for each in actions.stack.command("event", "list", "--username", mo.username, "--limit", "2")]
    assert kinds == ["email_changed", "email_change_requested"]


def test_it_takes_the_present_password_and_an_address(actions: Actions, mails: MailServer) -> None:
    mo, before = person(actions)
    assert "That is not your present password." in want(mo, "li@example.org", "not that one").text
    assert "An e-mail address looks like mo@example.org." in want(mo, "nowhere").text
    assert "The address and your present password are needed." in want(mo, "").text
    deliver(actions.stack.parts)
    assert mails.mails == []
    assert address_of(actions, mo) == (before, True)


def test_the_last_address_that_was_wanted_counts(actions: Actions, mails: MailServer) -> None:
    mo, before = person(actions)
    for name in ("one", "two"):
        want(mo, f"{name}-{before}")
    deliver(actions.stack.parts)
    assert confirm(actions, mails.link_for(f"one-{before}")).status_code == 410
    assert confirm(actions, mails.link_for(f"two-{before}")).status_code == 200
    assert address_of(actions, mo) == (f"two-{before}", True)


def test_a_link_that_a_thief_of_the_session_had_sent_is_over_with_a_new_password(
    actions: Actions, mails: MailServer
) -> None:
    mo, before = person(actions)
    want(mo, f"thief-{before}")
    deliver(actions.stack.parts)
    actions.stack.command("account", "set-password", mo.username, "--password-stdin", stdin="the new long password 9")
    assert confirm(actions, mails.link_for(f"thief-{before}")).status_code == 410
    assert address_of(actions, mo) == (before, True)


def test_messages_to_one_address_are_bounded(actions: Actions, mails: MailServer) -> None:
    mo, before = person(actions)
    answers = [want(mo, f"new-{before}").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    deliver(actions.stack.parts)
    assert mails.recipients == [f"new-{before}"] * 3


def test_who_is_not_signed_in_is_led_to_sign_in(actions: Actions) -> None:
    mo, _ = person(actions)
    mo.browser.get("/account/security")
    actions.stack.command("account", "set-password", mo.username, "--password-stdin", stdin="the new long password 9")
    answer = mo.browser.submit("/account/email", {"email": "li@example.org", "current_for_email": mo.password})
    assert urlsplit(answer.url).path == "/sign-in"


def test_the_page_says_which_address_and_whether_anybody_confirmed_it(actions: Actions) -> None:
    mo, before = person(actions)
    assert f"<bdi>{before}</bdi>" in mo.browser.get("/account/security").text
    actions.stack.command("account", "set-email", mo.username, before)
    assert "Nobody has confirmed this address yet." in mo.browser.get("/account/security").text
    actions.stack.command("account", "set-email", mo.username)
    assert "We know none." in mo.browser.get("/account/security").text
