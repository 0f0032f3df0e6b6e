"""Whoever asks for it stays signed in when the browser is closed, for as long as is set and no longer."""

import html
import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from auth_service.storage import browser_sessions
from auth_service.storage.browser_sessions import session_name
from auth_service.web import sign_ins
from tests.support.actions import DEVICE, TIMEOUT, Actions, Browser, Person, Verifier
from tests.support.authenticator import Authenticator, add_passkey, ask
from tests.support.authenticator_app import give_code, set_up_app
from tests.support.stack import Stack

COOKIE = "moogle_auth"
MONTH, DAY = 30 * 86_400, 86_400
BOX = re.compile(r'<input type="checkbox" id="remember"[^>]*>')


def at_another_browser(actions: Actions, person: Person) -> Person:
    other = Person.__new__(Person)
    other.__dict__ |= {**person.__dict__, "browser": Browser(actions.stack)}
    return other


def stay_signed_in(person: Person, address: str = "/sign-in") -> None:
    page = person.browser.get(address)
    fields = {"username": person.username, "password": person.password, "remember": "yes"}
    person.browser.submit(page.url, fields)


def with_a_passkey(actions: Actions, person: Person) -> Person:
    person.sign_in()
    key, other = Authenticator(actions.stack.auth), at_another_browser(actions, person)
    add_passkey(person, key)
    answer = key.sign(ask(other.browser, "/sign-in", "/sign-in/passkey/options"))
    other.browser.submit("/sign-in/passkey", {"answer": answer, "remember": "yes"})
    return other


def with_a_second_step(actions: Actions, person: Person) -> Person:
    person.sign_in()
    app, other = set_up_app(person), at_another_browser(actions, person)
    stay_signed_in(other)
    assert "/sign-in/second-step" in str(other.browser.page and other.browser.page.url)
    assert not is_signed_in(other.browser), "to be remembered saves nobody the second step"
    other.browser.get("/sign-in/second-step")
    give_code(other, app.code())
    return other


def with_a_password(actions: Actions, person: Person) -> Person:
    stay_signed_in(person)
    return person


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account", allow_redirects=False).status_code == 200


def seconds_kept(person: Person) -> float | None:
    """For how long the browser keeps the cookie; None if it goes when the browser is closed."""
    (cookie,) = (each for each in person.browser.session.cookies if each.name == COOKIE)
    return None if cookie.expires is None else cookie.expires - time.time()


def seconds_stored(actions: Actions, person: Person) -> float:
    """For how long Redis keeps the session."""
    name = session_name(person.browser.session.cookies[COOKIE])
    return float(actions.stack.parts.redis.reads.ttl(f"session:{name}"))  # type: ignore[arg-type]


def told(actions: Actions, person: Person) -> list[str | None]:
    """Until when each session is remembered, as operators read it."""
    shown = actions.stack.command("account", "sessions", person.username)["sessions"]
    return [each["remembered_until"] for each in shown]


def be_later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    at = time.time() + seconds
    monkeypatch.setattr(browser_sessions, "time", SimpleNamespace(time=lambda: at))


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


def test_nobody_is_remembered_who_does_not_ask_for_it(actions: Actions, mo: Person) -> None:
    page = mo.browser.get("/sign-in").text
    assert "checked" not in BOX.findall(page)[0]
    assert "For 30 days, or until you sign out." in page
    mo.sign_in()
    assert seconds_kept(mo) is None
    assert 0 < seconds_stored(actions, mo) <= 1_800
    assert told(actions, mo) == [None]
    assert "Stays signed in until" not in mo.browser.get("/account/security").text


@pytest.mark.parametrize("sign_in", [with_a_password, with_a_passkey, with_a_second_step])
def test_who_asks_for_it_stays_signed_in_however_they_sign_in(
    actions: Actions, mo: Person, sign_in: Callable[[Actions, Person], Person]
) -> None:
    mo = sign_in(actions, mo)
    assert is_signed_in(mo.browser)
    assert MONTH - 120 < (seconds_kept(mo) or 0) <= MONTH
    assert MONTH - 120 < seconds_stored(actions, mo) <= MONTH


def test_a_wish_to_be_remembered_outlives_a_wrong_password(mo: Person) -> None:
    page = mo.browser.get("/sign-in")
    fields = {"username": mo.username, "password": "not the password at all", "remember": "yes"}
    assert " checked>" in BOX.findall(mo.browser.submit(page.url, fields).text)[0]


def test_a_remembered_session_ends_when_it_was_said_to_however_much_it_is_used(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay_signed_in(mo)
    be_later(monkeypatch, MONTH - DAY)
    assert is_signed_in(mo.browser)
    assert DAY - 120 < seconds_stored(actions, mo) <= DAY, "using it has prolonged nothing"
    be_later(monkeypatch, MONTH + 1)
    assert not is_signed_in(mo.browser)


def test_a_session_that_is_not_remembered_ends_after_its_twelve_hours(
    mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    mo.sign_in()
    be_later(monkeypatch, 43_201)
    assert not is_signed_in(mo.browser)


def change_password(actions: Actions, mo: Person) -> None:
    mo.browser.get("/account/security")
    mo.browser.submit("/account/password", {"current": mo.password, "new": "a quite different password"})


def end_others(_: Actions, mo: Person) -> None:
    mo.browser.get("/account/security")
    mo.browser.submit("/account/sessions/end-others", {})


def sign_out_everywhere(_: Actions, mo: Person) -> None:
    mo.browser.get("/account/security")
    mo.browser.submit("/account/sign-out-everywhere", {})


def delete(actions: Actions, mo: Person) -> None:
    mo.browser.get("/account/data/delete")
    mo.browser.submit("/account/data/delete", {"username": mo.username})


def disable(actions: Actions, mo: Person) -> None:
    actions.stack.command("account", "disable", mo.username)


def delete_by_command(actions: Actions, mo: Person) -> None:
    actions.stack.command("account", "delete", mo.username)


def end_by_command(actions: Actions, mo: Person) -> None:
    actions.stack.command("account", "sessions", mo.username, "--end-all")


@pytest.mark.clause("ASVS 7.4.2")
@pytest.mark.parametrize(
    "end", [change_password, end_others, sign_out_everywhere, delete, disable, delete_by_command, end_by_command]
)
def test_what_ends_sessions_ends_remembered_ones(
    actions: Actions, mo: Person, end: Callable[[Actions, Person], None]
) -> None:
    laptop = at_another_browser(actions, mo)
    stay_signed_in(laptop)
    mo.sign_in()
    assert is_signed_in(laptop.browser)
    end(actions, mo)
    assert not is_signed_in(laptop.browser)


def test_signing_out_ends_it_and_leaves_no_lasting_cookie(actions: Actions, mo: Person) -> None:
    stay_signed_in(mo)
    copied = mo.browser.session.cookies[COOKIE]
    mo.browser.get("/account")
    mo.browser.submit("/sign-out", {})
    mo.browser.get("/sign-in")
    assert seconds_kept(mo) is None
    stolen = mo.browser.session.get(
        f"{actions.stack.auth}/account", headers={"Cookie": f"{COOKIE}={copied}"}, timeout=TIMEOUT
    )
    assert urlsplit(stolen.url).path == "/sign-in"


@pytest.mark.parametrize("end", [change_password, end_others])
def test_who_ends_all_others_is_remembered_as_before_and_no_longer(
    actions: Actions, mo: Person, end: Callable[[Actions, Person], None]
) -> None:
    stay_signed_in(mo)
    cookie, until = mo.browser.session.cookies[COOKIE], told(actions, mo)
    end(actions, mo)
    assert mo.browser.session.cookies[COOKIE] != cookie
    assert is_signed_in(mo.browser)
    assert (told(actions, mo), len(until)) == (until, 1)
    assert MONTH - 120 < (seconds_kept(mo) or 0) <= MONTH


def test_a_remembered_sign_in_is_as_old_as_it_is(actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    app, yesterday = actions.app(), time.time() - DAY
    with monkeypatch.context() as patch:
        patch.setattr(sign_ins, "time", SimpleNamespace(time=lambda: yesterday))
        stay_signed_in(mo)
    for asked in ({"prompt": "login"}, {"max_age": "3600"}, {"acr_values": "phr"}):
        page = mo.browser.follow(app.authorize_url(Verifier(), **asked))
        assert urlsplit(page.url).path == "/sign-in", asked
    assert actions.introspect(app.connect(mo).access)["auth_time"] == int(yesterday)
    page = mo.browser.get("/account/data/delete")
    assert "For this, first show once more that it is you" in page.text
    assert " checked>" in BOX.findall(page.text)[0], "who is remembered goes on to be, unless they untick it"


@pytest.mark.parametrize("begin", ["consent", "device"])
def test_who_uses_another_account_is_not_remembered_for_whoever_was_there(
    actions: Actions, mo: Person, begin: str
) -> None:
    stay_signed_in(mo)
    if begin == "consent":
        address = actions.app().authorize_url(Verifier())
    else:
        address = actions.app(*DEVICE).device_authorization().json()["verification_uri_complete"]
    [other] = re.findall('<a href="([^"]+)">use another account', mo.browser.follow(address).text)
    page = mo.browser.get(html.unescape(other))
    assert "checked" not in BOX.findall(page.text)[0]


def test_nor_is_who_comes_back_from_a_form_that_was_not_taken(actions: Actions, mo: Person) -> None:
    stay_signed_in(mo)
    mo.browser.get("/sign-in?another=yes")
    refused = mo.browser.submit("/sign-in/passkey", {"answer": "none"})
    assert ("again=passkey-refused" in refused.url, " checked>" in BOX.findall(refused.text)[0]) == (True, False)
    eve = actions.person()
    eve.sign_in()
    set_up_app(eve)
    step = mo.browser.submit("/sign-in?another=yes", {"username": eve.username, "password": eve.password})
    [beginning] = re.findall('<a href="([^"]+)">Sign in from the beginning', step.text)
    assert " checked>" not in BOX.findall(mo.browser.get(html.unescape(beginning)).text)[0]


def test_who_is_signed_out_everywhere_is_asked_anew_whether_to_be_remembered(actions: Actions, mo: Person) -> None:
    stay_signed_in(mo)
    actions.stack.command("account", "sessions", mo.username, "--end-all")
    assert "checked" not in BOX.findall(mo.browser.get("/sign-in").text)[0]


def test_people_and_operators_read_which_sessions_are_remembered_and_until_when(actions: Actions, mo: Person) -> None:
    laptop = at_another_browser(actions, mo)
    stay_signed_in(laptop)
    mo.sign_in()
    page = mo.browser.get("/account/security").text
    [said] = re.findall(r'Stays signed in until <time datetime="([^"]*)"', page)
    assert abs(browser_sessions.time.time() + MONTH - _seconds(said)) < 120
    assert [each and _seconds(each) for each in told(actions, mo)] == [None, pytest.approx(_seconds(said), abs=1)]
    mo.browser.get("/account/data")
    taken = json.loads(mo.browser.get("/account/data/download").text)["sessions"]
    assert [each["remembered_until"] for each in taken] == [None, said]


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def test_where_nothing_is_remembered_nobody_is_offered_it_or_gets_it(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(remembered_session_lifetime=0))
    mo = actions.person()
    assert BOX.findall(mo.browser.get("/sign-in").text) == []
    stay_signed_in(mo)
    assert is_signed_in(mo.browser)
    assert seconds_kept(mo) is None
    assert 0 < seconds_stored(actions, mo) <= 1_800
    assert told(actions, mo) == [None]


def keys_left(actions: Actions, person: Person, names: list[str]) -> int:
    keys = [f"sessions-of:{person.subject}", *(f"session:{name}" for name in names)]
    return sum(int(actions.stack.parts.redis.reads.exists(key)) for key in keys)  # type: ignore[arg-type]


def test_sessions_that_ended_do_not_fill_redis_for_a_month(actions: Actions, mo: Person) -> None:
    crowd = [at_another_browser(actions, mo) for _ in range(3)]
    for each in crowd:
        stay_signed_in(each)
    names = [session_name(each.browser.session.cookies[COOKIE]) for each in crowd]
    assert (len(told(actions, mo)), keys_left(actions, mo, names)) == (3, 4)
    actions.stack.command("account", "sessions", mo.username, "--end-all")
    assert told(actions, mo) == []
    assert keys_left(actions, mo, names) == 0, "who looks at the list, or signs in once too often, removes them"


@pytest.mark.parametrize("end", [delete, delete_by_command])
def test_of_sessions_of_a_deleted_account_nothing_is_left(
    actions: Actions, mo: Person, end: Callable[[Actions, Person], None]
) -> None:
    laptop = at_another_browser(actions, mo)
    stay_signed_in(laptop)
    mo.sign_in()
    names = [session_name(each.browser.session.cookies[COOKIE]) for each in (mo, laptop)]
    end(actions, mo)
    assert keys_left(actions, mo, names) == 0


def test_the_list_of_sessions_is_kept_as_long_as_the_longest_of_them_and_no_longer(
    actions: Actions, mo: Person
) -> None:
    def kept() -> int:
        return int(actions.stack.parts.redis.reads.ttl(f"sessions-of:{mo.subject}"))  # type: ignore[arg-type]

    mo.sign_in()
    assert 43_000 < kept() <= 43_200
    stay_signed_in(at_another_browser(actions, mo))
    assert MONTH - 120 < kept() <= MONTH
    at_another_browser(actions, mo).sign_in()
    assert MONTH - 120 < kept() <= MONTH
