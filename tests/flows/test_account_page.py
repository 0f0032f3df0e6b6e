"""What a person can do about their own account: a new password, signing out everywhere."""

from urllib.parse import urlsplit

import pytest
import requests

from auth_service.models.account import Account
from auth_service.storage.accounts import AccountStore
from auth_service.storage.password_hashing import TooManyPasswordsError
from tests.support.actions import Actions, Browser, Person

NEW = "a fresh long password 7"


def change(person: Person, current: str, new: str) -> requests.Response:
    person.browser.get("/account")
    return person.browser.submit("/account/password", {"current": current, "new": new})


def another_browser(actions: Actions, person: Person) -> Browser:
    here, person.browser = person.browser, Browser(actions.stack)
    person.sign_in()
    there, person.browser = person.browser, here
    return there


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account", allow_redirects=False).status_code == 200


def test_a_new_password_ends_other_browsers_and_every_grant_and_keeps_this_browser(actions: Actions) -> None:
    mo, app = actions.person(), actions.app()
    granted = app.connect(mo)
    elsewhere = another_browser(actions, mo)

    assert "Your password is changed." in change(mo, mo.password, NEW).text

    assert is_signed_in(mo.browser)
    assert not is_signed_in(elsewhere)
    assert not actions.is_active(granted.access)
    assert app.refresh(granted.refresh).json()["error"] == "invalid_grant"
    mo.browser = Browser(actions.stack)
    assert mo.sign_in(mo.password).status_code == 401
    assert mo.sign_in(NEW).status_code == 200


def test_a_new_password_needs_the_present_one_and_must_not_be_easy_to_guess(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()

    assert change(mo, "not the password", NEW).status_code == 422
    assert change(mo, mo.password, "password1").status_code == 422

    mo.browser = Browser(actions.stack)
    assert mo.sign_in(mo.password).status_code == 200


def test_signing_out_everywhere_ends_every_browser_session_and_no_grant(actions: Actions) -> None:
    mo, app = actions.person(), actions.app()
    granted = app.connect(mo)
    elsewhere = another_browser(actions, mo)

    mo.browser.get("/account")
    mo.browser.submit("/account/sign-out-everywhere", {})

    assert not is_signed_in(mo.browser)
    assert not is_signed_in(elsewhere)
    assert actions.is_active(granted.access)


def test_a_stranger_is_sent_to_sign_in_and_changes_nothing(actions: Actions) -> None:
    answer = requests.get(f"{actions.stack.auth}/account", timeout=60, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/account")
    for action in ("password", "sign-out-everywhere"):
        assert requests.post(f"{actions.stack.auth}/account/{action}", timeout=60).status_code == 400


def test_a_new_password_that_is_overtaken_by_another_is_not_stored(
    actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knew the old one, and was just about to use it, is out."""
    mo, change_password = actions.person(), AccountStore.change_password
    mo.sign_in()
    with monkeypatch.context() as patch:

        def overtaken(self: AccountStore, account: Account, password: str) -> object:
            patch.setattr(AccountStore, "change_password", change_password)
            thief, mo.browser = mo.browser, Browser(actions.stack)
            mo.sign_in()
            assert "Your password is changed." in change(mo, mo.password, NEW).text
            mo.browser = thief
            return change_password(self, account, password)

        patch.setattr(AccountStore, "change_password", overtaken)
        answer = change(mo, mo.password, "the password of a thief")
    assert urlsplit(answer.url).path == "/sign-in"
    mo.browser = Browser(actions.stack)
    assert [mo.sign_in(password).status_code for password in ("the password of a thief", NEW)] == [401, 200]


@pytest.mark.clause("ASVS 6.3.1")
def test_guesses_at_the_present_password_are_throttled_as_at_the_sign_in_and_count_there(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    answers = [change(mo, "not the password", NEW) for _ in range(12)]
    assert {answer.status_code for answer in answers} == {422, 429}
    refused = change(mo, mo.password, NEW)
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert mo.sign_in().status_code == 429
    actions.stack.forget_failures()
    assert "Your password is changed." in change(mo, mo.password, NEW).text


def test_an_attempt_at_which_nobody_could_look_is_not_counted(
    actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    mo = actions.person()
    mo.sign_in()
    with monkeypatch.context() as patch:

        def busy(*_: object) -> None:
            raise TooManyPasswordsError

        patch.setattr(AccountStore, "authenticate", busy)
        assert {change(mo, mo.password, NEW).status_code for _ in range(12)} == {503}
    assert "Your password is changed." in change(mo, mo.password, NEW).text
