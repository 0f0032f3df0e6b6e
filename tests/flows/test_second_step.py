"""After the password comes a code: nobody is signed in between, and each code works once."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from auth_service.protocol.factors import second_factors
from auth_service.storage.second_factors import SecondFactorStore
from shared.service.key_wrapping import KeyWrapping
from tests.support.actions import CALLBACK, READ, Actions, Browser, Person, Verifier
from tests.support.authenticator import Authenticator, add_passkey, passkey_sign_in
from tests.support.authenticator_app import App, begin_set_up, give_code, set_up_app
from tests.support.mail import no_notices
from tests.support.stack import Stack

SECOND_STEP, REFUSED = "/sign-in/second-step", "That code is not right"


def owner(actions: Actions) -> tuple[Person, App]:
    mo = actions.person()
    mo.sign_in()
    return mo, set_up_app(mo)


def elsewhere(actions: Actions, mo: Person) -> Person:
    """The same person, or who knows their password, at another browser."""
    other = Person.__new__(Person)
    other.__dict__ |= {**mo.__dict__, "browser": Browser(actions.stack)}
    return other


def is_signed_in(person: Person) -> bool:
    return person.browser.get("/account", allow_redirects=False).status_code == 200


def kinds(actions: Actions, mo: Person) -> list[tuple[str, str | None]]:
    found = actions.stack.command("event", "list", "--username", mo.username)
    return [(event["kind"], event["detail"]) for event in found]


def test_a_password_alone_is_not_enough_and_a_code_after_it_is(actions: Actions) -> None:
    mo, app = owner(actions)
    mo = elsewhere(actions, mo)
    page = mo.sign_in(address="/sign-in?next=/activity")
    assert SECOND_STEP in page.url
    assert not is_signed_in(mo)
    mo.browser.page = page
    assert give_code(mo, app.code()).url == f"{actions.stack.auth}/activity"
    assert is_signed_in(mo)
    assert kinds(actions, mo)[0] == ("signed_in", "pwd otp mfa")


def test_an_app_counts_only_once_a_code_of_it_was_given(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    app = begin_set_up(mo)
    assert begin_set_up(mo).secret == app.secret
    wrong = f"{(int(app.code()) + 1) % 10**6:06}"
    assert REFUSED in mo.browser.submit("/account/authenticator/add", {"code": wrong}).text
    assert SECOND_STEP not in elsewhere(actions, mo).sign_in().url


def test_a_double_click_shows_the_same_recovery_codes_again(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    app = begin_set_up(mo)
    page, code = mo.browser.page, app.code()
    shown = []
    for _ in range(2):
        mo.browser.page = page
        shown.append(
            re.findall(
                'class="key">([a-z2-7-]+)<', mo.browser.submit("/account/authenticator/add", {"code": code}).text
            )
        )
    assert len(shown[0]) == 10
    assert shown[0] == shown[1]


@pytest.mark.clause("RFC 6238 §5.2", line=144)
def test_a_code_works_once_also_of_several_at_the_same_moment(actions: Actions) -> None:
    mo, app = owner(actions)
    crowd = [elsewhere(actions, mo) for _ in range(4)]
    for each in crowd:
        each.sign_in()
    code = app.code()
    with ThreadPoolExecutor() as threads:
        pages = list(threads.map(lambda each: give_code(each, code), crowd))
    assert sorted(page.status_code for page in pages) == [200, 401, 401, 401]
    assert sum(is_signed_in(each) for each in crowd) == 1
    late = elsewhere(actions, mo)
    late.sign_in()
    assert REFUSED in give_code(late, app.code(-1)).text, "it is of an earlier step than one that was taken"


@pytest.mark.clause("RFC 6238 §5.2", line=145)
def test_a_code_is_good_one_step_before_and_after_its_own(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    mo, app = owner(actions)
    mo.sign_in()
    now = second_factors.time.time()
    for away, is_good in ((2 * 30, False), (-2 * 30, False), (30, True)):
        monkeypatch.setattr(second_factors, "time", SimpleNamespace(time=lambda away=away: now + away))
        mo.sign_in()
        assert (REFUSED not in give_code(mo, pyotp_code(app, now)).text) is is_good, away


def pyotp_code(app: App, at: float) -> str:
    return second_factors.pyotp.TOTP(app.secret).at(int(at))


def test_a_recovery_code_works_once_in_any_spelling_and_a_new_set_replaces_all(actions: Actions) -> None:
    mo, app = owner(actions)
    first, second, third = app.recovery_codes[:3]
    other = elsewhere(actions, mo)
    other.sign_in()
    assert give_code(other, f" {first.upper().replace('-', ' ')} ").status_code == 200
    assert kinds(actions, mo)[:2] == [("signed_in", "pwd mfa"), ("recovery_code_used", None)]
    other.sign_in()
    assert REFUSED in give_code(other, first).text
    assert give_code(other, second).status_code == 200
    page = other.browser.get("/account/security")
    assert "codes that are left: 8" in page.text
    codes = re.findall('class="key">([a-z2-7-]+)<', other.browser.submit("/account/recovery-codes", {}).text)
    assert len(set(codes)) == 10
    other.sign_in()
    assert REFUSED in give_code(other, third).text
    assert give_code(other, codes[0]).status_code == 200


def test_of_one_recovery_code_at_several_browsers_one_gets_in(actions: Actions) -> None:
    mo, app = owner(actions)
    crowd = [elsewhere(actions, mo) for _ in range(4)]
    for each in crowd:
        each.sign_in()
    with ThreadPoolExecutor() as threads:
        pages = list(threads.map(lambda each: give_code(each, app.recovery_codes[0]), crowd))
    assert sorted(page.status_code for page in pages) == [200, 401, 401, 401]


@pytest.mark.clause("ASVS 6.3.1")
def test_guesses_of_codes_are_slowed_down_and_the_password_doesnt_make_a_network_known(actions: Actions) -> None:
    mo, app = owner(actions)
    thief = elsewhere(actions, mo)
    thief.sign_in()
    wrong = f"{(int(app.code()) + 1) % 10**6:06}"
    statuses = [give_code(thief, wrong).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert give_code(thief, app.recovery_codes[0]).status_code == 429
    assert ("sign_in_failed", "second step") in kinds(actions, mo)
    assert ("sign_in_throttled", "second step") in kinds(actions, mo)


@pytest.mark.clause("ASVS 6.3.1")
def test_a_right_password_alone_does_not_make_a_network_a_known_one(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(trusted_proxies=1))
    mo, _ = owner(actions)

    def guess(address: str) -> int:
        thief = elsewhere(actions, mo)
        thief.browser.session.headers["X-Forwarded-For"] = address
        thief.sign_in()
        return give_code(thief, "no code").status_code

    statuses = [guess(f"192.0.2.{number % 5}") for number in range(32)]
    assert statuses == [401] * 30 + [429] * 2


def change_password(actions: Actions, mo: Person) -> None:
    mo.browser.get("/account/security")
    mo.browser.submit("/account/password", {"current": mo.password, "new": "a quite different password"})


def disable(actions: Actions, mo: Person) -> None:
    actions.stack.command("account", "disable", mo.username)


@pytest.mark.parametrize("end", [change_password, disable])
def test_a_begun_sign_in_ends_with_the_password_and_with_the_account(
    actions: Actions, end: Callable[[Actions, Person], None]
) -> None:
    mo, app = owner(actions)
    other = elsewhere(actions, mo)
    other.sign_in()
    end(actions, mo)
    assert "again=begin-anew" in give_code(other, app.code()).url
    assert not is_signed_in(other)


def test_a_begun_sign_in_belongs_to_its_browser_and_is_used_up(actions: Actions) -> None:
    mo, app = owner(actions)
    mo = elsewhere(actions, mo)
    mo.sign_in()
    page, cookies = mo.browser.page, mo.browser.session.cookies.copy()
    assert give_code(mo, app.recovery_codes[0]).status_code == 200
    mo.browser.session.cookies = cookies
    mo.browser.page = page
    assert "again=begin-anew" in give_code(mo, app.recovery_codes[1]).url
    stranger = actions.person()
    assert "again=begin-anew" in stranger.browser.follow(SECOND_STEP).url


def test_a_request_that_waits_goes_on_after_the_second_step(actions: Actions) -> None:
    mo, app = owner(actions)
    mo, client = elsewhere(actions, mo), actions.app()
    page = mo.browser.follow(client.authorize_url(Verifier()))
    mo.sign_in(address=page.url)
    assert "https:" in step_policy(mo.browser.page)
    give_code(mo, app.code())
    answer = mo.browser.submit("/consent", {"scope": [READ], "decision": "allow"})
    assert answer.headers["Location"].startswith(f"{CALLBACK}?code=")


def step_policy(page: requests.Response | None) -> str:
    assert page is not None
    return page.headers["Content-Security-Policy"].partition("form-action")[2]


def test_a_passkey_alone_is_enough_where_a_password_is_not(actions: Actions) -> None:
    mo, authenticator = actions.person(), Authenticator(actions.stack.auth)
    mo.sign_in()
    add_passkey(mo, authenticator)
    set_up_app(mo)
    browser = Browser(actions.stack)
    assert passkey_sign_in(browser, authenticator).url == f"{actions.stack.auth}/account"


def test_factors_change_only_after_a_sign_in_with_both_steps(actions: Actions) -> None:
    """Not in a session of before, though it is fresh: whoever has that had the password only."""
    mo = actions.person()
    mo.sign_in()
    older = elsewhere(actions, mo)
    older.sign_in()
    set_up_app(mo)
    older.browser.get("/account/security")
    fields: dict[str, Any] = {"passkey": "1"}
    for action in ("authenticator/remove", "recovery-codes", "passkeys/options", "passkeys/remove"):
        assert "again=sign-in-anew" in older.browser.submit(f"/account/{action}", fields).url
    assert SECOND_STEP in elsewhere(actions, mo).sign_in().url


def test_a_person_removes_the_app_and_an_operator_resets_everything(actions: Actions) -> None:
    mo, _ = owner(actions)
    mo.browser.get("/account/security")
    assert "password alone is enough again" in mo.browser.submit("/account/authenticator/remove", {}).text
    assert SECOND_STEP not in elsewhere(actions, mo).sign_in().url
    authenticator = Authenticator(actions.stack.auth)
    set_up_app(mo)
    add_passkey(mo, authenticator)
    answer = actions.stack.command("account", "reset-second-factor", mo.username)
    assert answer == {"username": mo.username, "second_factor": False}
    assert SECOND_STEP not in elsewhere(actions, mo).sign_in().url
    assert "again=passkey-refused" in passkey_sign_in(Browser(actions.stack), authenticator).url
    assert is_signed_in(mo), "it ends nothing else"
    activity = mo.browser.get("/activity").text
    assert "Your authenticator app, recovery codes and passkeys were removed" in activity


@pytest.mark.clause("ASVS 11.4.1")
def test_neither_secret_nor_code_is_in_sql_as_it_is(actions: Actions) -> None:
    mo, app = owner(actions)
    kept = actions.stack.parts.second_factor_store.find(mo.subject)
    assert kept is not None
    assert app.secret not in kept.wrapped_secret
    with actions.stack.parts.database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM recovery_codes").all()
    stored = str(rows)
    assert mo.subject in stored
    assert not any(code in stored or code.replace("-", "") in stored for code in app.recovery_codes)


def test_secrets_are_encrypted_anew_when_used_or_at_an_operators_word(actions: Actions) -> None:
    """Each under the first key, so that a token key can leave the ring."""
    parts = actions.stack.parts
    old, new = bytes(32), bytes([1] * 32)
    users = [actions.person() for _ in range(3)]
    before = SecondFactorStore(parts.database, KeyWrapping([old]), no_notices(parts.database))
    accounts = [account for user in users if (account := parts.accounts.find(user.subject)) is not None]
    for account in accounts:
        assert before.add(account, f"secret of {account.id}", 1, [])
    between, after = (
        SecondFactorStore(parts.database, KeyWrapping(keys), no_notices(parts.database)) for keys in ([new, old], [new])
    )
    used = between.find(accounts[0].id)
    assert used is not None
    assert between.use_step(used, 2)
    assert between.use_step(used, 3) is False, "it is of a row that was encrypted anew since"
    renewed, _ = between.renew_secrets()
    assert renewed == 2
    for account in accounts:
        kept = after.find(account.id)
        assert kept is not None
        assert after.unwrap(kept.wrapped_secret) == f"secret of {account.id}"
        after.remove(account.id)
    assert set(actions.stack.command("account", "renew-secrets")) == {"renewed", "lost"}
