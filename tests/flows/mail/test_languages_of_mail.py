"""Mail is in its reader's language: a link in that of the page that asks for it, news in that of the last sign-in."""

import re
from email.message import EmailMessage

import pytest
from sqlalchemy import update

from auth_service.models.account import Account
from auth_service.models.queued_mail import QueuedMail
from tests.support.actions import Actions, Browser, Person, Verifier
from tests.support.mail import MailServer, deliver, whole

NEW = "a fresh long password 7"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def person(actions: Actions, language: str | None = None) -> Person:
    """With a confirmed address, at a browser that asks for this language."""
    mo = actions.person()
    actions.stack.command("account", "set-email", mo.username, address(mo), "--verified")
    mo.browser = browser(actions, language)
    return mo


def browser(actions: Actions, language: str | None) -> Browser:
    browser = Browser(actions.stack)
    browser.session.headers["User-Agent"] = FIREFOX
    if language:
        browser.session.headers["Accept-Language"] = language
    return browser


def address(mo: Person) -> str:
    return f"{mo.username}@example.org"


def change_password(mo: Person) -> None:
    mo.browser.get("/account/security")
    mo.browser.submit("/account/password", {"current": mo.password, "new": NEW})


def set_password(actions: Actions, mo: Person) -> None:
    actions.stack.command("account", "set-password", mo.username, "--password-stdin", stdin=NEW)


def forget_password(mo: Person) -> None:
    mo.browser.get("/forgot-password")
    mo.browser.submit("/forgot-password", {"typed": mo.username})


def mailed(actions: Actions, mails: MailServer) -> EmailMessage:
    """The only message."""
    deliver(actions.stack.parts)
    [mail] = mails.mails
    return mail


def language_of(actions: Actions, mails: MailServer) -> str:
    mail = mailed(actions, mails)
    spoken = "en" if mail.get_content().startswith("Hello") else "de"
    assert (mail["Content-Language"], mail.get_content().startswith("Guten Tag")) == (spoken, spoken == "de")
    return spoken


LINKS = {
    "en": """Choose a new password
en

Hello {name},

Somebody, probably you, asked for a new password for your account at {issuer}.
To choose one, open this address within 20 minutes:

{link}

If it wasn’t you, do nothing: your password stays as it is, and nobody but you has this link.
""",
    "de": """Wählen Sie ein neues Passwort
de

Guten Tag {name},

jemand, vermutlich Sie selbst, hat um ein neues Passwort für Ihr Konto bei {issuer} gebeten.
Um eines zu wählen, öffnen Sie innerhalb von 20 Minuten diese Adresse:

{link}

Wenn Sie das nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist, und nur Sie haben diesen Link.
""",
}
NEWS = {
    "en": (
        """Your password was changed
en

Hello {name},

The password of your account at {issuer} was changed on AT.
It was done in Firefox on Linux, from 127.0.0.1.
All other browsers are signed out, and no app has access any more.

If it wasn’t you, choose a new password at once, at {issuer}/forgot-password
""",
        r"\d\d? [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC",
    ),
    "de": (
        """Ihr Passwort wurde geändert
de

Guten Tag {name},

das Passwort Ihres Kontos bei {issuer} wurde am AT geändert.
Es geschah in Firefox unter Linux, von 127.0.0.1 aus.
Alle anderen Browser sind abgemeldet, und keine App hat mehr Zugriff.

Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort, unter {issuer}/forgot-password
""",
        r"\d\d?\. [A-Z][a-zä]+ \d{4}, \d\d:\d\d Uhr UTC",
    ),
}


@pytest.mark.clause("RFC 3282")
@pytest.mark.parametrize("language", LINKS)
def test_a_link_is_mailed_in_the_language_of_the_page_that_asks_for_it(
    actions: Actions, mails: MailServer, language: str
) -> None:
    mo = person(actions, {"en": "de", "de": "en"}[language])
    mo.sign_in()
    mo.browser = browser(actions, language)
    forget_password(mo)
    mail = mailed(actions, mails)
    link = mails.link_for(address(mo))
    assert whole(mail) == LINKS[language].format(name=mo.username, issuer=actions.stack.auth, link=link)


@pytest.mark.parametrize("language", NEWS)
def test_news_are_told_in_the_language_of_the_last_sign_in_whoever_made_them(
    actions: Actions, mails: MailServer, language: str
) -> None:
    """Somebody else at the browser would choose another one."""
    mo = person(actions, language)
    mo.sign_in()
    mo.browser.session.headers["Accept-Language"] = {"en": "de", "de": "en"}[language]
    change_password(mo)
    text, at = NEWS[language]
    expected = re.escape(text.format(name=mo.username, issuer=actions.stack.auth)).replace("AT", at)
    assert re.fullmatch(expected, whole(mailed(actions, mails)))


def test_what_an_operator_does_is_told_in_the_language_of_the_last_sign_in(actions: Actions, mails: MailServer) -> None:
    mo = person(actions, "en")
    mo.sign_in()
    mo.browser = browser(actions, "de-AT,de;q=0.9")
    mo.sign_in()
    set_password(actions, mo)
    assert "\nEin Betreiber des Dienstes hat das getan.\n" in mailed(actions, mails).get_content().replace("\r", "")
    assert mails.mails[0]["Content-Language"] == "de"


def test_what_an_app_does_is_told_in_the_language_of_the_last_sign_in(actions: Actions, mails: MailServer) -> None:
    mo = person(actions, "de")
    app = actions.app()
    granted = app.connect(mo)
    for _ in range(3):
        app.refresh(granted.refresh)
    assert language_of(actions, mails) == "de"


def test_a_language_that_an_app_asked_for_counts_as_that_of_the_page(actions: Actions, mails: MailServer) -> None:
    mo = person(actions, "en")
    mo.sign_in(address=mo.browser.follow(actions.app().authorize_url(Verifier(), ui_locales="de")).url)
    set_password(actions, mo)
    assert language_of(actions, mails) == "de"


@pytest.mark.parametrize(("done", "language"), [(change_password, "de"), (None, "en")])
def test_of_somebody_who_signed_in_before_this_was_noted_the_page_is_believed_and_without_one_it_is_english(
    actions: Actions, mails: MailServer, done: object, language: str
) -> None:
    mo = person(actions, "de")
    mo.sign_in()
    with actions.stack.parts.database.writing() as session:
        session.execute(update(Account).where(Account.username == mo.username).values(language=None))
    change_password(mo) if done else set_password(actions, mo)
    assert language_of(actions, mails) == language


def test_who_wants_an_account_is_answered_in_the_language_of_the_page(actions: Actions, mails: MailServer) -> None:
    somebody = browser(actions, "de")
    somebody.get("/sign-up")
    name = actions.person().username + "-neu"
    somebody.submit("/sign-up", {"username": name, "email": f"{name}@example.org"})
    assert language_of(actions, mails) == "de"


def test_an_operator_says_in_which_language_somebody_is_invited(actions: Actions, mails: MailServer) -> None:
    name = actions.person().username + "-invited"
    invite = ("account", "invite", name, "--email", f"{name}@example.org")
    for language, said in (((), "en"), (("--language", "de"), "de"), ((), "de"), (("--language", "en"), "en")):
        mails.mails.clear()
        actions.stack.command(*invite, *language)
        assert language_of(actions, mails) == said


@pytest.mark.parametrize("language", [None, "tlh"])
def test_what_a_release_before_or_after_this_one_put_there_is_sent_in_english(
    actions: Actions, mails: MailServer, language: str | None
) -> None:
    mo = person(actions, "de")
    forget_password(mo)
    with actions.stack.parts.database.writing() as session:
        session.execute(update(QueuedMail).values(language=language))
    assert language_of(actions, mails) == "en"


def test_a_person_is_told_what_is_noted_of_their_language(actions: Actions) -> None:
    mo = person(actions, "de")
    mo.sign_in()
    assert mo.browser.get("/account/data/download").json()["account"]["language"] == "de"
