"""A person sees where they are signed in, and ends one session or all others; so does an operator."""

import re
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from auth_service.storage import account_sessions
from auth_service.storage.browser_sessions import StoredSession
from tests.support.actions import TIMEOUT, Actions, Browser, Person
from tests.support.stack import Stack

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"


def sign_in_elsewhere(actions: Actions, person: Person, user_agent: str = SAFARI) -> Browser:
    here, person.browser = person.browser, Browser(actions.stack)
    person.browser.session.headers["User-Agent"] = user_agent
    person.sign_in()
    there, person.browser = person.browser, here
    return there


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account", allow_redirects=False).status_code == 200


def rows(person: Person) -> list[str]:
    """What the section says of each browser, without the times."""
    page = person.browser.get("/account/security").text
    section = re.search(r'<section[^>]*id="sessions".*?</section>', page, re.DOTALL)
    assert section is not None
    items = re.findall(r"<li>.*?</li>", section[0], re.DOTALL)
    return [" ".join(re.sub(r"<time.*?</time>|<[^>]*>", " ", each).split()) for each in items]


def names(person: Person, stack: Stack) -> list[str]:
    return [each["name"] for each in stack.command("account", "sessions", person.username)["sessions"]]


@pytest.fixture
def mo(actions: Actions) -> Person:
    person = actions.person()
    person.browser.session.headers["User-Agent"] = FIREFOX
    person.sign_in()
    return person


@pytest.mark.clause("ASVS 7.5.2")
def test_a_person_sees_each_browser_in_plain_words_their_own_in_front(actions: Actions, mo: Person) -> None:
    sign_in_elsewhere(actions, mo)
    said = "From 127.0.0.1. Signed in: . Last used: ."
    assert rows(mo) == [f"Firefox on Linux This browser {said}", f"Safari on iOS {said} Sign out"]


@pytest.mark.clause("ASVS 7.5.2")
def test_a_person_ends_one_session_which_is_over_at_the_next_request(actions: Actions, mo: Person) -> None:
    phone, tablet = sign_in_elsewhere(actions, mo), sign_in_elsewhere(actions, mo, "okhttp/5")
    page = mo.browser.get("/account/security").text
    label = r'value="([^"]*)" aria-label="Sign out Safari on iOS, signed in on [^"]*"'
    (name,) = re.findall(label, page)
    answer = mo.browser.submit("/account/sessions/end", {"name": name})
    assert "That browser is signed out." in answer.text
    assert [is_signed_in(browser) for browser in (mo.browser, phone, tablet)] == [True, False, True]
    assert len(rows(mo)) == 2


@pytest.mark.clause("ASVS 7.5.2")
def test_a_person_ends_all_other_sessions_and_goes_on_under_a_new_id(actions: Actions, mo: Person) -> None:
    phone, granted = sign_in_elsewhere(actions, mo), actions.app().connect(mo)
    mo.browser.get("/account/security")
    copied = requests.cookies.RequestsCookieJar()
    copied.update(mo.browser.session.cookies)
    answer = mo.browser.submit("/account/sessions/end-others", {})
    assert "Every other browser is signed out." in answer.text
    assert [is_signed_in(browser) for browser in (mo.browser, phone)] == [True, False]
    assert len(rows(mo)) == 1
    stolen = Browser(actions.stack)
    stolen.session.cookies = copied
    assert not is_signed_in(stolen), "who copied this browser's cookie is another browser"
    assert actions.is_active(granted.access)


def test_of_two_browsers_that_end_each_other_at_once_one_stays(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, end_others = sign_in_elsewhere(actions, mo), actions.stack.parts.accounts.end_other_sessions
    phone.get("/account/security")
    mo.browser.get("/account/security")

    def overtaken(account: object) -> object:
        monkeypatch.setattr(type(actions.stack.parts.accounts), "end_other_sessions", lambda _, each: end_others(each))
        phone.submit("/account/sessions/end-others", {})
        return end_others(account)  # type: ignore[arg-type]

    monkeypatch.setattr(type(actions.stack.parts.accounts), "end_other_sessions", lambda _, each: overtaken(each))
    answer = mo.browser.submit("/account/sessions/end-others", {})
    assert urlsplit(answer.url).path == "/sign-in"
    assert [is_signed_in(browser) for browser in (mo.browser, phone)] == [False, True]


def test_what_is_shown_of_a_session_signs_nobody_in(actions: Actions, mo: Person) -> None:
    (name,) = names(mo, actions.stack)
    (cookie,) = mo.browser.session.cookies
    assert cookie.value != name
    stranger = Browser(actions.stack)
    stranger.session.cookies.set(cookie.name, name, domain="localhost.local")
    assert not is_signed_in(stranger)
    assert cookie.value not in mo.browser.get("/account/security").text


def test_nobody_ends_the_session_of_somebody_else(actions: Actions, mo: Person) -> None:
    eve = actions.person()
    eve.sign_in()
    (name,) = names(mo, actions.stack)
    eve.browser.get("/account/security")
    answer = eve.browser.submit("/account/sessions/end", {"name": name})
    assert "That browser is signed out." not in answer.text
    assert is_signed_in(mo.browser)


def test_that_a_session_was_seen_is_written_once_in_some_minutes(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen() -> list[str]:
        shown = actions.stack.command("account", "sessions", mo.username)["sessions"]
        return [each["last_seen"] for each in shown]

    first = seen()
    for _ in range(3):
        mo.browser.get("/account")
    assert seen() == first
    now = time.time()
    monkeypatch.setattr(account_sessions.time, "time", lambda: now + account_sessions.SEEN_EVERY + 1)
    mo.browser.get("/account")
    assert seen() > first


def test_with_one_session_too_many_the_one_that_was_seen_longest_ago_ends(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_sessions, "MOST", 3)
    others = [sign_in_elsewhere(actions, mo) for _ in range(3)]
    assert [is_signed_in(browser) for browser in (mo.browser, *others)] == [False, True, True, True]
    assert len(names(mo, actions.stack)) == 3


def test_an_operator_lists_sessions_and_ends_one_or_all(actions: Actions, mo: Person) -> None:
    phone = sign_in_elsewhere(actions, mo)
    shown = actions.stack.command("account", "sessions", mo.username)["sessions"]
    assert [(each["program"], each["network"]) for each in shown] == [
        ("Safari on iOS", "127.0.0.1"),
        ("Firefox on Linux", "127.0.0.1"),
    ]
    left = actions.stack.command("account", "sessions", mo.username, "--end", shown[0]["name"])["sessions"]
    assert [each["program"] for each in left] == ["Firefox on Linux"]
    assert [is_signed_in(browser) for browser in (mo.browser, phone)] == [True, False]
    assert actions.stack.command("account", "sessions", mo.username, "--end-all")["sessions"] == []
    assert not is_signed_in(mo.browser)
    again = actions.stack.auth_app.test_cli_runner().invoke(
        args=["account", "sessions", mo.username, "--end", shown[0]["name"]]
    )
    assert (again.exit_code, again.stderr) == (2, f"error: {mo.username} has no session of this name\n")


def test_a_form_without_its_token_ends_nothing(actions: Actions, mo: Person) -> None:
    for action in ("end", "end-others"):
        answer = requests.post(f"{actions.stack.auth}/account/sessions/{action}", timeout=TIMEOUT)
        assert answer.status_code == 400
    assert is_signed_in(mo.browser)


def test_a_form_that_was_opened_before_the_update_from_release_0_1_is_taken(actions: Actions) -> None:
    """It kept a session in the store also of a browser in which nobody was signed in."""
    mo, sessions = actions.person(), actions.stack.parts.sessions
    page, cookies = mo.browser.get("/sign-in"), mo.browser.session.cookies
    interface: Any = actions.stack.auth_app.session_interface
    carried = interface._signed.loads(cookies["moogle_auth"])
    before = sessions.new_id()
    sessions.save(before, StoredSession(carried), new=True)
    cookies.set("moogle_auth", before, domain=next(iter(cookies)).domain, path="/")
    assert mo.browser.session.cookies["moogle_auth"] == before
    mo.browser.page = page
    mo.browser.submit("/sign-in", {"username": mo.username, "password": mo.password})
    assert is_signed_in(mo.browser)
