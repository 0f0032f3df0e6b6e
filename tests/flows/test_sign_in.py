"""Signing in and out: sessions, forged requests, guessing."""

import re
from collections.abc import Callable

import pytest
import requests

from tests.support.actions import TIMEOUT, Actions, Browser, Person
from tests.support.stack import Stack

pytestmark = pytest.mark.core

COOKIE = "moogle_auth"


def signed_in(browser: Browser) -> bool:
    return browser.get("/connected-apps", allow_redirects=False).status_code == 200


@pytest.mark.clause("ASVS 7.2.4")
def test_the_session_id_is_new_after_signing_in_and_the_old_one_is_worth_nothing(actions: Actions) -> None:
    mo = actions.person()
    mo.browser.get("/sign-in")
    before = mo.browser.session.cookies[COOKIE]
    mo.sign_in()
    after = mo.browser.session.cookies[COOKIE]
    assert after != before
    old = requests.get(
        f"{actions.stack.auth}/connected-apps", cookies={COOKIE: before}, timeout=60, allow_redirects=False
    )
    assert old.status_code == 303


@pytest.mark.clause("ASVS 7.2.4")
def test_a_session_id_that_we_did_not_make_is_not_taken_over(actions: Actions) -> None:
    mo, planted = actions.person(), "planted-by-somebody-else-0123456789abcdefgh"
    mo.browser.session.cookies.set(COOKIE, planted, domain="localhost.local", path="/")
    mo.sign_in()
    assert planted not in {cookie.value for cookie in mo.browser.session.cookies if cookie.domain != "localhost.local"}
    copied = requests.get(
        f"{actions.stack.auth}/connected-apps", cookies={COOKIE: planted}, timeout=60, allow_redirects=False
    )
    assert copied.status_code == 303


@pytest.mark.clause("ASVS 7.2.4")
def test_nothing_is_kept_under_a_session_id_that_we_did_not_make(actions: Actions) -> None:
    planted = "planted-by-somebody-else-0123456789abcdefgh"
    page = requests.get(f"{actions.stack.auth}/sign-in", cookies={COOKIE: planted}, timeout=TIMEOUT)
    assert page.cookies[COOKIE] != planted


@pytest.mark.clause("ASVS 7.4.1")
def test_signing_out_ends_the_session_for_a_copied_cookie_too(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    copy = mo.browser.session.cookies[COOKIE]
    mo.browser.get("/connected-apps")
    mo.browser.submit("/sign-out", {})
    answer = requests.get(
        f"{actions.stack.auth}/connected-apps", cookies={COOKIE: copy}, timeout=60, allow_redirects=False
    )
    assert answer.status_code == 303


@pytest.mark.clause("ASVS 3.3")
def test_the_cookie_is_kept_from_scripts_and_from_other_sites(actions: Actions) -> None:
    set_cookie = requests.get(f"{actions.stack.auth}/sign-in", timeout=TIMEOUT).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(set_cookie.split("; "))
    assert "Domain" not in set_cookie


@pytest.mark.clause("ASVS 3.5.1")
@pytest.mark.clause("RFC 6749 §10.12", line=37)
def test_a_form_without_its_csrf_token_is_refused(actions: Actions) -> None:
    mo = actions.person()
    form = {"username": mo.username, "password": mo.password}
    stranger = requests.post(f"{actions.stack.auth}/sign-in", data=form, timeout=TIMEOUT, allow_redirects=False)
    assert stranger.status_code == 400
    mo.sign_in()
    for path in ("/sign-out", "/consent", "/connected-apps/disconnect"):
        assert mo.browser.session.post(actions.stack.auth + path, timeout=TIMEOUT).status_code == 400
    assert signed_in(mo.browser)


@pytest.mark.clause("ASVS 6.3.8")
def test_a_wrong_password_and_an_unknown_name_get_the_same_page(actions: Actions) -> None:
    mo, nobody = actions.person(), actions.person()
    nobody.username = "nobody-of-that-name"
    pages = [person.sign_in("not the password at all") for person in (mo, nobody)]
    assert [page.status_code for page in pages] == [401, 401]
    texts = {
        re.sub(r'(name="csrf_token"[^>]*value=)"[^"]*"', r"\1", page.text).replace(person.username, "somebody")
        for page, person in zip(pages, (mo, nobody), strict=True)
    }
    assert len(texts) == 1


@pytest.mark.clause("ASVS 3.7.2")
@pytest.mark.parametrize(
    "target", ["https://attacker.example/", "//attacker.example", "/\\attacker.example", "/\t/attacker.example", "x"]
)
def test_after_signing_in_nobody_is_sent_to_another_site(actions: Actions, target: str) -> None:
    mo = actions.person()
    mo.browser.get("/sign-in", params={"next": target})
    fields = {"username": mo.username, "password": mo.password}
    page = mo.browser.page
    assert page is not None
    arrived = mo.browser.submit(page.url, fields)
    assert arrived.url == f"{actions.stack.auth}/account"


@pytest.mark.clause("ASVS 6.3.1")
def test_guessing_is_slowed_down_and_the_owner_gets_in_from_home(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()  # from now on, this address is known to be mo's
    guesser = Person(actions.stack)
    guesser.username = mo.username
    statuses = [guesser.sign_in(f"guess number {n}").status_code for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2 or statuses == [401] * 9 + [429] * 3
    actions.stack.forget_failures()
    mo.browser = Browser(actions.stack)
    mo.sign_in()
    assert signed_in(mo.browser)


@pytest.mark.clause("ASVS 6.1.1")
def test_a_crowd_of_guessers_keeps_itself_out_and_not_the_owner(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(trusted_proxies=1))
    mo = actions.person()

    def attempt(address: str, password: str | None = None) -> int:
        mo.browser = Browser(actions.stack)
        mo.browser.session.headers["X-Forwarded-For"] = address
        return mo.sign_in(password).status_code

    assert attempt("198.51.100.1") == 200
    statuses = [attempt(f"192.0.2.{number}", "a guess") for number in range(52)]
    assert statuses == [401] * 50 + [429] * 2
    assert attempt("198.51.100.2") == 429
    assert attempt("198.51.100.1") == 200


@pytest.mark.clause("ASVS 6.3.1")
def test_a_network_of_ipv6_guesses_and_is_known_as_one(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(trusted_proxies=1))
    mo = actions.person()

    def attempt(address: str, password: str | None = None) -> int:
        mo.browser = Browser(actions.stack)
        mo.browser.session.headers["X-Forwarded-For"] = address
        return mo.sign_in(password).status_code

    assert attempt("2001:db8:0:1::1") == 200
    assert [attempt(f"2001:db8:0:2::{number}", "a guess") for number in range(12)] == [401] * 10 + [429] * 2
    assert [attempt(f"2001:db8:1:{number}::1", "a guess") for number in range(42)][-2:] == [429] * 2
    assert attempt("2001:db8:0:3::1") == 429
    assert attempt("2001:db8:0:1::2") == 200


def test_a_disabled_account_is_signed_out_at_once_and_stays_out(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    actions.stack.command("account", "disable", mo.username)
    assert not signed_in(mo.browser)
    assert mo.sign_in().status_code == 401
    actions.stack.command("account", "enable", mo.username)
    assert mo.sign_in().status_code == 200
