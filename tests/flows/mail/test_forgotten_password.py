"""Whoever forgot their password chooses another one, with a link that is mailed to a confirmed address."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import event, select, update

from auth_service.models.base import now
from auth_service.models.one_time_link import OneTimeLink
from auth_service.models.secret import secret_digest
from tests.support.actions import TIMEOUT, Actions, Browser, Person
from tests.support.authenticator_app import give_code, set_up_app
from tests.support.mail import MailServer, deliver

NEW = "a fresh long password 7"


def person_with_address(actions: Actions) -> tuple[Person, str]:
    mo = actions.person()
    address = f"{mo.username}@example.org"
    actions.stack.command("account", "set-email", mo.username, address, "--verified")
    return mo, address


def ask(actions: Actions, typed: str, browser: Browser | None = None) -> requests.Response:
    browser = browser or Browser(actions.stack)
    browser.get("/forgot-password")
    return browser.submit("/forgot-password", {"typed": typed})


def mailed_link(actions: Actions, mails: MailServer, mo: Person, address: str) -> str:
    assert ask(actions, mo.username).status_code == 200
    deliver(actions.stack.parts)
    return mails.link_for(address)


def choose(browser: Browser, link: str, password: str) -> requests.Response:
    page = browser.follow(link)
    return browser.submit("/new-password", {"new": password}) if page.status_code == 200 else page


def test_a_link_that_is_mailed_lets_a_new_password_be_chosen_once_and_ends_everything_else(
    actions: Actions, mails: MailServer
) -> None:
    mo, address = person_with_address(actions)
    granted = actions.app().connect(mo)
    link = mailed_link(actions, mails, mo, address)

    browser = Browser(actions.stack)
    chosen = choose(browser, link, NEW)

    assert (chosen.status_code, urlsplit(chosen.url).path) == (200, "/new-password/chosen")
    assert browser.get("/account", allow_redirects=False).status_code == 303, "nobody is signed in by a link"
    assert mo.browser.get("/account", allow_redirects=False).status_code == 303
    assert not actions.is_active(granted.access)
    mo.browser = Browser(actions.stack)
    assert [mo.sign_in(password).status_code for password in (mo.password, NEW)] == [401, 200]
    assert choose(Browser(actions.stack), link, "another long password 8").status_code == 410
    deliver(actions.stack.parts)
    assert "was changed" in mails.to(address)[-1]


def test_a_new_password_by_a_link_neither_removes_nor_skips_the_second_factor(
    actions: Actions, mails: MailServer
) -> None:
    mo, address = person_with_address(actions)
    mo.sign_in()
    app = set_up_app(mo)
    choose(Browser(actions.stack), mailed_link(actions, mails, mo, address), NEW)
    mo.browser = Browser(actions.stack)
    asked = mo.sign_in(NEW)
    assert mo.browser.get("/account", allow_redirects=False).status_code == 303
    mo.browser.page = asked
    give_code(mo, app.code())
    assert mo.browser.get("/account", allow_redirects=False).status_code == 200


@pytest.mark.parametrize("typed", ["address", "name with a blank", "address in capitals"])
def test_either_the_name_or_the_address_will_do(actions: Actions, mails: MailServer, typed: str) -> None:
    mo, address = person_with_address(actions)
    forms = {"address": address, "name with a blank": f" {mo.username} ", "address in capitals": address.upper()}
    ask(actions, forms[typed])
    deliver(actions.stack.parts)
    assert mo.username in mails.to(address)[0]


def test_looking_at_a_link_spends_nothing_and_its_token_stays_in_no_address(
    actions: Actions, mails: MailServer
) -> None:
    """Scanners of mail follow links, with GET or HEAD."""
    mo, address = person_with_address(actions)
    link = mailed_link(actions, mails, mo, address)
    for _ in range(3):
        assert requests.head(link, timeout=TIMEOUT, allow_redirects=True).status_code == 200
        answer = requests.get(link, timeout=TIMEOUT, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/new-password")
    page = Browser(actions.stack).follow(link)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert urlsplit(link).query.removeprefix("link=") not in page.text
    assert choose(Browser(actions.stack), link, NEW).status_code == 200


def test_a_password_that_is_easy_to_guess_is_refused_and_the_link_is_still_good(
    actions: Actions, mails: MailServer
) -> None:
    mo, address = person_with_address(actions)
    link, browser = mailed_link(actions, mails, mo, address), Browser(actions.stack)
    refused = choose(browser, link, "Moogle2026!")
    assert refused.status_code == 422
    assert "little more than your name or ours" in refused.text
    assert choose(browser, link, NEW).status_code == 200


def test_twenty_minutes_later_the_link_is_over(actions: Actions, mails: MailServer) -> None:
    mo, address = person_with_address(actions)
    link = mailed_link(actions, mails, mo, address)
    digest = secret_digest(urlsplit(link).query.removeprefix("link="))
    its_link = OneTimeLink.digest == digest
    with actions.stack.parts.database.reading() as session:
        made = session.scalars(select(OneTimeLink).where(its_link)).one()
    assert timedelta(minutes=19, seconds=59) < made.expires_at - made.created_at <= timedelta(minutes=20, seconds=1)
    with actions.stack.parts.database.writing() as session:
        session.execute(update(OneTimeLink).where(its_link).values(expires_at=now()))
    assert choose(Browser(actions.stack), link, NEW).status_code == 410
    assert mo.sign_in().status_code == 200


@pytest.mark.parametrize("since", ["new password", "other address", "disabled"])
def test_a_link_is_over_when_the_account_changed_since(actions: Actions, mails: MailServer, since: str) -> None:
    mo, address = person_with_address(actions)
    link = mailed_link(actions, mails, mo, address)
    change = {
        "new password": ("set-password", mo.username, "--password-stdin"),
        "other address": ("set-email", mo.username, f"other-{address}", "--verified"),
        "disabled": ("disable", mo.username),
    }[since]
    actions.stack.command("account", *change, stdin="the password of an operator")
    assert choose(Browser(actions.stack), link, NEW).status_code == 410


def test_a_link_that_is_overtaken_between_page_and_form_changes_nothing(actions: Actions, mails: MailServer) -> None:
    """Of two that send the form, one chose the password."""
    mo, address = person_with_address(actions)
    link = mailed_link(actions, mails, mo, address)
    one, other = Browser(actions.stack), Browser(actions.stack)
    one.follow(link)
    other.follow(link)
    answers = [browser.submit("/new-password", {"new": new}) for browser, new in ((one, NEW), (other, NEW[::-1]))]
    assert [answer.status_code for answer in answers] == [200, 410]
    mo.browser = Browser(actions.stack)
    assert [mo.sign_in(password).status_code for password in (NEW[::-1], NEW)] == [401, 200]


def test_whoever_asks_again_and_again_can_use_each_link_that_came(actions: Actions, mails: MailServer) -> None:
    """Else a stranger who asks all the time would keep the owner from a new password."""
    mo, address = person_with_address(actions)
    first = mailed_link(actions, mails, mo, address)
    mailed_link(actions, mails, mo, address)
    assert choose(Browser(actions.stack), first, NEW).status_code == 200


@pytest.mark.clause("ASVS 6.3.8")
def test_nobody_learns_whether_there_is_such_an_account_from_answer_or_work(
    actions: Actions, mails: MailServer
) -> None:
    known, address = person_with_address(actions)
    unconfirmed, disabled = actions.person(), person_with_address(actions)[0]
    actions.stack.command("account", "set-email", unconfirmed.username, "un@example.org")
    actions.stack.command("account", "disable", disabled.username)
    engine, asked = actions.stack.parts.database._engine, list[str]()

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    answers, work = [], []
    for typed in (known.username, address, "nobody-at-all", unconfirmed.username, "un@example.org", disabled.username):
        browser = Browser(actions.stack)
        browser.get("/forgot-password")
        event.listen(engine, "before_cursor_execute", note)
        answer = browser.submit("/forgot-password", {"typed": typed})
        event.remove(engine, "before_cursor_execute", note)
        same = {name: value for name, value in answer.headers.items() if name not in {"Date", "X-Request-Id"}}
        answers.append((answer.status_code, answer.url, answer.text, same))
        work.append(asked[:])
        asked.clear()
    assert answers[0][0] == 200
    assert all(answer == answers[0] for answer in answers)
    assert len(work[0]) > 5
    assert all(each == work[0] for each in work)
    deliver(actions.stack.parts)
    assert mails.recipients == [address, address]


def test_messages_for_one_name_are_bounded_whoever_it_is(actions: Actions, mails: MailServer) -> None:
    mo, address = person_with_address(actions)
    for typed in (mo.username, "nobody-else"):
        answers = [ask(actions, typed) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[3].headers["Retry-After"]) <= 900
        assert "Too many attempts. Try again in 15 minutes." in answers[3].text
    deliver(actions.stack.parts)
    assert mails.recipients == [address] * 3


def test_messages_that_one_network_asks_for_are_bounded(actions: Actions) -> None:
    browser = Browser(actions.stack)
    answers = [ask(actions, f"nobody-{number}", browser).status_code for number in range(31)]
    assert answers == [200] * 30 + [429]


def test_without_a_mail_server_one_sentence_says_whom_to_ask(stack: object, actions: Actions) -> None:
    assert "/forgot-password" in Browser(actions.stack).get("/sign-in").text
    unmailing = Browser(stack)  # type: ignore[arg-type]
    assert "Forgot your password? Ask whoever runs this service." in unmailing.get("/sign-in").text
    assert unmailing.get("/forgot-password").status_code == 404


@pytest.mark.parametrize("link", ["mol_" + "A" * 43, "nonsense", ""])
def test_a_link_of_somebodys_invention_leads_to_a_page_that_says_so(actions: Actions, link: str) -> None:
    page = Browser(actions.stack).follow(f"/new-password?link={link}")
    assert page.status_code == 410
    assert "This link can’t be used" in page.text


def test_an_event_says_who_asked_and_one_that_the_password_was_chosen(actions: Actions, mails: MailServer) -> None:
    mo, address = person_with_address(actions)
    choose(Browser(actions.stack), mailed_link(actions, mails, mo, address), NEW)
    events = actions.stack.command("event", "list", "--username", mo.username, "--limit", "2")
    assert [(each["kind"], each.get("detail"), each["who"]) for each in events] == [
        ("password_reset", "new_password", "person"),
        ("password_reset_requested", None, "stranger"),
    ]
