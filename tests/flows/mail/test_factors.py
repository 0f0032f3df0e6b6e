"""Whoever gets or loses a way to sign in is mailed: when, from where, and what to do if it wasn't them."""

import re
from collections.abc import Iterator

import pytest

from tests.support.actions import Actions, Browser, Person
from tests.support.authenticator import Authenticator, add_passkey
from tests.support.authenticator_app import give_code, set_up_app
from tests.support.mail import MailServer, deliver, whole

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AT = {"en": r"\d\d? [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC", "de": r"\d\d?\. [A-Z][a-zä]+ \d{4}, \d\d:\d\d Uhr UTC"}
MESSAGES = {
    "en": [
        """A passkey was added to your account
en

Hello NAME,

A passkey was added to your account at ISSUER on AT.
It was done in Firefox on Linux, from 127.0.0.1.
Whoever has it signs in without your password.

If it wasn’t you, choose a new password at once, at ISSUER/forgot-password
Then sign in and remove the passkey, at ISSUER/account/security
""",
        """An authenticator app was set up for your account
en

Hello NAME,

An authenticator app was set up for your account at ISSUER on AT.
It was done in Firefox on Linux, from 127.0.0.1.
Signing in with your password takes a code of this app from now on.

If it wasn’t you, choose a new password at once, at ISSUER/forgot-password
Then ask whoever runs the service to remove the app.
""",
        """A recovery code of your account was used
en

Hello NAME,

A recovery code of your account at ISSUER was used on AT in place of your authenticator app.
It was done in Firefox on Linux, from 127.0.0.1.
Recovery codes that are left: 9
You can make new ones at ISSUER/account/security

If it wasn’t you, somebody knows your password: choose a new one at once, at ISSUER/forgot-password
Then sign in and make new codes, which makes the earlier ones void.
""",
        """New recovery codes were made for your account
en

Hello NAME,

New recovery codes were made for your account at ISSUER on AT.
It was done in Firefox on Linux, from 127.0.0.1.
The earlier ones are void.

If it wasn’t you, choose a new password at once, at ISSUER/forgot-password
Then sign in and make new codes, at ISSUER/account/security
""",
        """A passkey of your account was removed
en

Hello NAME,

A passkey of your account at ISSUER was removed on AT.
It was done in Firefox on Linux, from 127.0.0.1.
Nobody can sign in with it any more.

If it wasn’t you, choose a new password at once, at ISSUER/forgot-password
""",
        """The authenticator app of your account was removed
en

Hello NAME,

The authenticator app of your account at ISSUER was removed on AT.
It was done in Firefox on Linux, from 127.0.0.1.
Your password alone is enough to sign in, and your recovery codes are void.

If it wasn’t you, choose a new password at once, at ISSUER/forgot-password
Then sign in and set up an app again, at ISSUER/account/security
""",
        """Your authenticator app and passkeys were removed
en

Hello NAME,

The authenticator app, the recovery codes and all passkeys of your account at ISSUER were removed on AT.
An operator of the service did it.
Your password alone is enough to sign in.

If you didn’t ask for this, choose a new password at once, at ISSUER/forgot-password
Then ask whoever runs the service why it was done.
""",
    ],
    "de": [
        """Ihrem Konto wurde ein Passkey hinzugefügt
de

Guten Tag NAME,

Ihrem Konto bei ISSUER wurde am AT ein Passkey hinzugefügt.
Es geschah in Firefox unter Linux, von 127.0.0.1 aus.
Wer ihn hat, meldet sich ohne Ihr Passwort an.

Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort, unter ISSUER/forgot-password
Melden Sie sich dann an und entfernen Sie den Passkey, unter ISSUER/account/security
""",
        """Für Ihr Konto wurde eine Authenticator-App eingerichtet
de

Guten Tag NAME,

für Ihr Konto bei ISSUER wurde am AT eine Authenticator-App eingerichtet.
Es geschah in Firefox unter Linux, von 127.0.0.1 aus.
Zur Anmeldung mit Ihrem Passwort gehört von jetzt an ein Code dieser App.

Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort, unter ISSUER/forgot-password
Bitten Sie dann den Betreiber des Dienstes, die App zu entfernen.
""",
        """Ein Wiederherstellungscode Ihres Kontos wurde verwendet
de

Guten Tag NAME,

ein Wiederherstellungscode Ihres Kontos bei ISSUER wurde am AT anstelle Ihrer Authenticator-App verwendet.
Es geschah in Firefox unter Linux, von 127.0.0.1 aus.
Verbleibende Wiederherstellungscodes: 9
Neue können Sie erstellen unter ISSUER/account/security

Wenn Sie das nicht waren, kennt jemand Ihr Passwort: Wählen Sie sofort ein neues, unter ISSUER/forgot-password
Melden Sie sich dann an und erstellen Sie neue Codes; die früheren gelten damit nicht mehr.
""",
        """Für Ihr Konto wurden neue Wiederherstellungscodes erstellt
de

Guten Tag NAME,

für Ihr Konto bei ISSUER wurden am AT neue Wiederherstellungscodes erstellt.
Es geschah in Firefox unter Linux, von 127.0.0.1 aus.
Die früheren gelten nicht mehr.

Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort, unter ISSUER/forgot-password
Melden Sie sich dann an und erstellen Sie neue Codes, unter ISSUER/account/security
""",
        """Ein Passkey Ihres Kontos wurde entfernt
de

Guten Tag NAME,

ein Passkey Ihres Kontos bei ISSUER wurde am AT entfernt.
Es geschah in Firefox unter Linux, von 127.0.0.1 aus.
Niemand kann sich mehr damit anmelden.

Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort, unter ISSUER/forgot-password
""",
        """Die Authenticator-App Ihres Kontos wurde entfernt
de

Guten Tag NAME,

die Authenticator-App Ihres Kontos bei ISSUER wurde am AT entfernt.
Es geschah in Firefox unter Linux, von 127.0.0.1 aus.
Ihr Passwort allein genügt zur Anmeldung, und Ihre Wiederherstellungscodes gelten nicht mehr.

Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort, unter ISSUER/forgot-password
Melden Sie sich dann an und richten Sie wieder eine App ein, unter ISSUER/account/security
""",
        """Ihre Authenticator-App und Passkeys wurden entfernt
de

Guten Tag NAME,

die Authenticator-App, die Wiederherstellungscodes und alle Passkeys Ihres Kontos bei ISSUER wurden am AT entfernt.
Ein Betreiber des Dienstes hat das getan.
Ihr Passwort allein genügt zur Anmeldung.

Wenn Sie nicht darum gebeten haben, wählen Sie sofort ein neues Passwort, unter ISSUER/forgot-password
Fragen Sie dann den Betreiber des Dienstes, warum es geschehen ist.
""",
    ],
}


def person(actions: Actions, language: str, *options: str) -> Person:
    """Who has just signed in, with an address; `--verified` says that it is confirmed."""
    mo = actions.person()
    actions.stack.command("account", "set-email", mo.username, f"{mo.username}@example.org", *options)
    mo.browser = browser(actions, language)
    mo.sign_in()
    return mo


def browser(actions: Actions, language: str) -> Browser:
    browser = Browser(actions.stack)
    browser.session.headers.update({"User-Agent": FIREFOX, "Accept-Language": language})
    return browser


def changes(actions: Actions, mo: Person, language: str) -> Iterator[None]:
    """Everything that can happen to what somebody signs in with, in the order of MESSAGES."""
    add_passkey(mo, Authenticator(actions.stack.auth))
    yield
    app, here = set_up_app(mo), mo.browser
    yield
    mo.browser = browser(actions, language)
    mo.sign_in()
    give_code(mo, app.recovery_codes[0])
    mo.browser = here
    yield
    [passkey] = actions.stack.parts.passkey_store.of(mo.subject)
    for action in ("recovery-codes", "passkeys/remove", "authenticator/remove"):
        mo.browser.get("/account/security")
        mo.browser.submit(f"/account/{action}", {"passkey": passkey.id})
        yield
    actions.stack.command("account", "reset-second-factor", mo.username)
    yield


@pytest.mark.parametrize("language", MESSAGES)
def test_each_change_is_told_in_a_message_of_its_own(actions: Actions, mails: MailServer, language: str) -> None:
    mo = person(actions, language, "--verified")
    for message, _ in zip(MESSAGES[language], changes(actions, mo, language), strict=True):
        mails.mails.clear()
        deliver(actions.stack.parts)
        [mail] = mails.mails
        assert mail["To"] == f"{mo.username}@example.org"
        expected = message.replace("NAME", mo.username).replace("ISSUER", actions.stack.auth)
        assert re.fullmatch(re.escape(expected).replace("AT", AT[language]), whole(mail)), whole(mail)


def test_nothing_waits_for_an_address_that_nobody_confirmed(actions: Actions, mails: MailServer) -> None:
    assert [actions.stack.parts.mail.figures()[0] for _ in changes(actions, person(actions, "de"), "de")] == [0] * 7


def test_what_changed_nothing_is_told_nobody(actions: Actions, mails: MailServer) -> None:
    mo = person(actions, "de", "--verified")
    app = set_up_app(mo)
    deliver(actions.stack.parts)
    mo.browser.get("/account/security")
    mo.browser.submit("/account/passkeys/remove", {"passkey": 1})
    mo.browser = browser(actions, "de")
    mo.sign_in()
    give_code(mo, "not-one-of-these-codes")
    assert actions.stack.parts.mail.figures()[0] == 0
    for _ in range(2):
        give_code(mo, app.recovery_codes[0])
        mo.browser = browser(actions, "de")
        mo.sign_in()
    assert actions.stack.parts.mail.figures()[0] == 1
