"""An operator invites: a first password is chosen with a link that is over after a day, and none is ever printed."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.support.actions import Actions, Browser
from tests.support.mail import MailServer, deliver

PASSWORD = "a fresh long password 7"


def choose(actions: Actions, link: str) -> requests.Response:
    browser = Browser(actions.stack)
    page = browser.follow(link)
    return browser.submit("/new-password", {"new": PASSWORD}) if page.status_code == 200 else page


def sign_in(actions: Actions, username: str, password: str) -> int:
    browser = Browser(actions.stack)
    page = browser.get("/sign-in")
    return browser.submit(page.url, {"username": username, "password": password}).status_code


def refusal(actions: Actions, *arguments: str, stdin: str = "") -> str:
    result = actions.stack.auth_app.test_cli_runner().invoke(args=["account", *arguments], input=stdin)
    assert result.exit_code == 2, result.output
    return result.stderr


def test_a_link_is_printed_with_which_the_first_password_is_chosen_once(actions: Actions) -> None:
    name = actions.person().username + "-invited"
    invited = actions.stack.command("account", "invite", name)
    assert set(invited) == {"username", "sub", "link", "expires_at"}
    day = datetime.fromisoformat(invited["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=55) < day <= timedelta(days=1)
    assert sign_in(actions, name, "") != 303
    assert choose(actions, invited["link"]).status_code == 200
    assert sign_in(actions, name, PASSWORD) == 200
    assert choose(actions, invited["link"]).status_code == 410
    shown = actions.stack.command("account", "show", name)
    assert (shown["sub"], shown["email"], shown["email_verified"]) == (invited["sub"], None, False)


def test_a_link_that_is_mailed_is_not_printed_and_confirms_the_address(actions: Actions, mails: MailServer) -> None:
    name = actions.person().username + "-mailed"
    invited = actions.stack.command("account", "invite", name, "--email", "Mailed@example.org")
    assert set(invited) == {"username", "sub", "mailed_to", "expires_at"}
    deliver(actions.stack.parts)
    assert f"Hello {name},\n\nAn operator of {actions.stack.auth} invites you" in mails.to("mailed@example.org")[0]
    assert not actions.stack.command("account", "show", name)["email_verified"]
    assert choose(actions, mails.link_for("mailed@example.org")).status_code == 200
    shown = actions.stack.command("account", "show", name)
    assert (shown["email"], shown["email_verified"]) == ("mailed@example.org", True)


def test_somebody_who_is_there_is_helped_in_the_same_way_and_keeps_their_password_until_then(actions: Actions) -> None:
    mo = actions.person()
    granted = actions.app().connect(mo)
    link = actions.stack.command("account", "invite", mo.username, "--expires-in", "600")["link"]
    assert sign_in(actions, mo.username, mo.password) == 200
    assert choose(actions, link).status_code == 200
    assert [sign_in(actions, mo.username, password) for password in (mo.password, PASSWORD)] == [401, 200]
    assert not actions.is_active(granted.access)
    [chosen] = actions.stack.command("event", "list", "--username", mo.username, "--kind", "password_reset")
    assert chosen["detail"] == "invitation"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["create", "somebody"], "error: no password is printed any more: use account invite somebody"),
        (["set-password", "PERSON"], "error: no password is printed any more: use account invite PERSON"),
        (["invite", "a\nb"], "error: A user name has 1 to 64 printable characters."),
        (["invite", "mo", "--email", "nowhere"], "error: an e-mail address looks like mo@example.org"),
        (["invite", "mo", "--expires-in", "1"], "1 is not in the range 60<=x<=2592000"),
    ],
)
def test_what_is_refused_says_what_to_do_instead(actions: Actions, arguments: list[str], why: str) -> None:
    name = actions.person().username
    assert why.replace("PERSON", name) in refusal(actions, *(each.replace("PERSON", name) for each in arguments))


def test_an_operator_sets_a_password_which_ends_everything_else(actions: Actions) -> None:
    mo = actions.person()
    granted = actions.app().connect(mo)
    set_password = ("set-password", mo.username, "--password-stdin")
    assert "guesser would try" in refusal(actions, *set_password, stdin="password1")
    actions.stack.command("account", *set_password, stdin=PASSWORD)
    assert [sign_in(actions, mo.username, password) for password in (mo.password, PASSWORD)] == [401, 200]
    assert not actions.is_active(granted.access)
    assert mo.browser.get("/account", allow_redirects=False).status_code == 303
