"""Where it is allowed, somebody makes an account: it is there when they followed the link and chose a password."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import event

from auth_service.storage.errors import NotFoundError
from tests.support.actions import Actions, Browser
from tests.support.mail import MailServer, deliver
from tests.support.stack import Stack

PASSWORD = "a fresh long password 7"


def sign_up(actions: Actions, username: str, email: str) -> requests.Response:
    browser = Browser(actions.stack)
    browser.get("/sign-up")
    return browser.submit("/sign-up", {"username": username, "email": email})


def choose(actions: Actions, link: str, password: str = PASSWORD) -> requests.Response:
    browser = Browser(actions.stack)
    page = browser.follow(link)
    return browser.submit("/new-password", {"new": password}) if page.status_code == 200 else page


def is_there(actions: Actions, username: str) -> bool:
    try:
        actions.stack.parts.accounts.find_by_username(username)
    except NotFoundError:
        return False
    return True


def test_an_account_is_there_once_its_address_is_confirmed_and_apps_see_it_as_verified(
    actions: Actions, mails: MailServer
) -> None:
    name = actions.person().username + "-new"
    asked = sign_up(actions, f" {name} ", "New@Example.org")
    assert (asked.status_code, urlsplit(asked.url).path) == (200, "/sign-up/sent")
    deliver(actions.stack.parts)
    assert name not in mails.to("new@example.org")[0], "else strangers could have their texts mailed"
    assert not is_there(actions, name)

    link = mails.link_for("new@example.org")
    page = Browser(actions.stack).follow(link)
    assert f"Choose a password for your new account <strong><bdi>{name}</bdi></strong>" in page.text
    assert not is_there(actions, name), "looking makes none: scanners of mail follow links"
    assert choose(actions, link).status_code == 200

    new = actions.person()
    new.username, new.password = name, PASSWORD
    assert new.sign_in().status_code == 200
    granted = actions.app(scopes=["openid", "email"]).connect(new)
    userinfo = requests.get(
        f"{actions.stack.auth}/userinfo", headers={"Authorization": f"Bearer {granted.access}"}, timeout=60
    ).json()
    assert (userinfo["email"], userinfo["email_verified"]) == ("new@example.org", True)
    assert choose(actions, link).status_code == 410
    kinds = [each["kind"] for each in actions.stack.command("event", "list", "--username", name)]
    assert "account_created" in kinds


@pytest.mark.parametrize(
    ("username", "email", "status", "why"),
    [
        ("a\u0007bell", "mo@example.org", 422, "A user name has 1 to 64 printable characters."),
        ("mo", "mo@nowhere", 422, "An e-mail address looks like mo@example.org."),
        ("mo", "mo@example.org\r\nBcc: all@example.org", 422, "An e-mail address looks like mo@example.org."),
        ("", "mo@example.org", 422, "A user name and an e-mail address are needed."),
    ],
)
def test_a_refusal_says_why(
    actions: Actions, mails: MailServer, username: str, email: str, status: int, why: str
) -> None:
    answer = sign_up(actions, username, email)
    assert (answer.status_code, why in answer.text) == (status, True)
    deliver(actions.stack.parts)
    assert mails.mails == []


def test_a_name_that_somebody_has_is_refused_in_all_its_spellings(actions: Actions) -> None:
    mo = actions.person()
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in mo.username)
    for spelling in (mo.username, wide):
        answer = sign_up(actions, spelling, "other@example.org")
        assert answer.status_code == 409
        assert "Somebody has this user name already." in answer.text


def test_a_password_is_refused_with_the_reason(actions: Actions, mails: MailServer) -> None:
    name = actions.person().username + "-weak"
    sign_up(actions, name, "weak@example.org")
    deliver(actions.stack.parts)
    refused = choose(actions, mails.link_for("weak@example.org"), f"{name}!1")
    assert refused.status_code == 422
    assert "guesser would try" in refused.text or "little more than your name" in refused.text


def test_an_address_in_use_gets_the_same_answer_for_the_same_work_and_its_owner_is_told(
    actions: Actions, mails: MailServer
) -> None:
    owner = actions.person()
    actions.stack.command("account", "set-email", owner.username, "owner@example.org", "--verified")
    engine, asked = actions.stack.parts.database._engine, list[str]()

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    answers, work = [], []
    for email in ("owner@example.org", "free@example.org"):
        event.listen(engine, "before_cursor_execute", note)
        answer = sign_up(actions, owner.username + "-2", email)
        event.remove(engine, "before_cursor_execute", note)
        answers.append((answer.status_code, answer.url, answer.text))
        work.append(asked[:])
        asked.clear()
    assert answers[0] == answers[1]
    assert work[0] == work[1]
    deliver(actions.stack.parts)
    [told] = mails.to("owner@example.org")
    assert f"You have one already. Its user name is: {owner.username}\n" in told
    assert "link=" not in told
    [event_] = actions.stack.command("event", "list", "--username", owner.username, "--kind", "account_requested")
    assert event_["who"] == "stranger"


def test_of_two_who_wanted_one_name_the_second_to_confirm_is_told(actions: Actions, mails: MailServer) -> None:
    name = actions.person().username + "-twice"
    for email in ("one@example.org", "two@example.org"):
        sign_up(actions, name, email)
    deliver(actions.stack.parts)
    assert choose(actions, mails.link_for("one@example.org")).status_code == 200
    late = choose(actions, mails.link_for("two@example.org"))
    assert late.status_code == 409
    assert "Somebody else has this user name since." in late.text


def test_it_is_off_by_default(stack: Stack, start_stack: Callable[..., Stack]) -> None:
    browser = Browser(stack)
    assert browser.get("/sign-up").status_code == 404
    assert "/sign-up" not in browser.get("/sign-in").text
