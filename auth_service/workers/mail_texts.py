"""The texts that are mailed: whole sentences, plain, and nothing in a header that a stranger could choose.

Each is one text of the catalogues, with its lines: a link has its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from auth_service.models.language import gettext_noop
from auth_service.models.queued_mail import MailKind


@dataclass(frozen=True, slots=True)
class Text:
    """A message says this, where named places stand for what it is about."""

    subject: str
    body: str


TEXTS: Mapping[MailKind, Text] = {
    MailKind.NEW_PASSWORD: Text(
        gettext_noop("Choose a new password"),
        gettext_noop("""Hello %(username)s,

Somebody, probably you, asked for a new password for your account at %(issuer)s.
To choose one, open this address within 20 minutes:

%(link)s

If it wasn’t you, do nothing: your password stays as it is, and nobody but you has this link.
"""),
    ),
    MailKind.INVITATION: Text(
        gettext_noop("Choose a password for your account"),
        gettext_noop("""Hello %(username)s,

An operator of %(issuer)s invites you to choose a password for your account there.
Open this address until %(until)s:

%(link)s

If you don’t expect this, do nothing.
"""),
    ),
    MailKind.REGISTRATION: Text(
        gettext_noop("Confirm your e-mail address"),
        gettext_noop("""Hello,

Somebody, probably you, wants an account at %(issuer)s with this address.
To confirm it and choose a password, open this address within a day:

%(link)s

If it wasn’t you, do nothing: there will be no account.
"""),
    ),
    MailKind.ADDRESS_IN_USE: Text(
        gettext_noop("You have an account already"),
        gettext_noop("""Hello %(username)s,

Somebody, probably you, wants another account at %(issuer)s with this address.
You have one already. Its user name is: %(username)s

You can sign in, or choose a new password if you forgot yours, at %(issuer)s/sign-in

If it wasn’t you, do nothing: nothing has changed.
"""),
    ),
    MailKind.NEW_ADDRESS: Text(
        gettext_noop("Confirm your new e-mail address"),
        gettext_noop("""Hello %(username)s,

Somebody, probably you, wants this to be the address of your account at %(issuer)s.
To confirm it, open this address within a day:

%(link)s

If it wasn’t you, do nothing: nothing changes.
"""),
    ),
    MailKind.PASSWORD_CHANGED: Text(
        gettext_noop("Your password was changed"),
        gettext_noop("""Hello %(username)s,

The password of your account at %(issuer)s was changed on %(at)s.
%(whence)s
All other browsers are signed out, and no app has access any more.

If it wasn’t you, choose a new password at once, at %(issuer)s/forgot-password
"""),
    ),
    MailKind.EMAIL_CHANGED: Text(
        gettext_noop("Your e-mail address was changed"),
        gettext_noop("""Hello %(username)s,

The e-mail address of your account at %(issuer)s was changed on %(at)s.
%(whence)s
This is the last message that you get at this address.

If it wasn’t you, sign in and change your password at once, or ask whoever runs the service for help.
"""),
    ),
    MailKind.CREDENTIAL_REUSED: Text(
        gettext_noop("A key of a connected app was used twice"),
        gettext_noop("""Hello %(username)s,

A key that an app has to your account at %(issuer)s was used twice on %(at)s.
Somebody may have copied it, so we ended the access of that app.
See what happened, and say whether it was you:

%(issuer)s/activity/reuse/%(grant_id)s
"""),
    ),
    MailKind.PASSKEY_ADDED: Text(
        gettext_noop("A passkey was added to your account"),
        gettext_noop("""Hello %(username)s,

A passkey was added to your account at %(issuer)s on %(at)s.
%(whence)s
Whoever has it signs in without your password.

If it wasn’t you, choose a new password at once, at %(issuer)s/forgot-password
Then sign in and remove the passkey, at %(issuer)s/account/security
"""),
    ),
    MailKind.PASSKEY_REMOVED: Text(
        gettext_noop("A passkey of your account was removed"),
        gettext_noop("""Hello %(username)s,

A passkey of your account at %(issuer)s was removed on %(at)s.
%(whence)s
Nobody can sign in with it any more.

If it wasn’t you, choose a new password at once, at %(issuer)s/forgot-password
"""),
    ),
    MailKind.AUTHENTICATOR_ADDED: Text(
        gettext_noop("An authenticator app was set up for your account"),
        gettext_noop("""Hello %(username)s,

An authenticator app was set up for your account at %(issuer)s on %(at)s.
%(whence)s
Signing in with your password takes a code of this app from now on.

If it wasn’t you, choose a new password at once, at %(issuer)s/forgot-password
Then ask whoever runs the service to remove the app.
"""),
    ),
    MailKind.AUTHENTICATOR_REMOVED: Text(
        gettext_noop("The authenticator app of your account was removed"),
        gettext_noop("""Hello %(username)s,

The authenticator app of your account at %(issuer)s was removed on %(at)s.
%(whence)s
Your password alone is enough to sign in, and your recovery codes are void.

If it wasn’t you, choose a new password at once, at %(issuer)s/forgot-password
Then sign in and set up an app again, at %(issuer)s/account/security
"""),
    ),
    MailKind.RECOVERY_CODES_MADE: Text(
        gettext_noop("New recovery codes were made for your account"),
        gettext_noop("""Hello %(username)s,

New recovery codes were made for your account at %(issuer)s on %(at)s.
%(whence)s
The earlier ones are void.

If it wasn’t you, choose a new password at once, at %(issuer)s/forgot-password
Then sign in and make new codes, at %(issuer)s/account/security
"""),
    ),
    MailKind.RECOVERY_CODE_USED: Text(
        gettext_noop("A recovery code of your account was used"),
        gettext_noop("""Hello %(username)s,

A recovery code of your account at %(issuer)s was used on %(at)s in place of your authenticator app.
%(whence)s
Recovery codes that are left: %(left)s
You can make new ones at %(issuer)s/account/security

If it wasn’t you, somebody knows your password: choose a new one at once, at %(issuer)s/forgot-password
Then sign in and make new codes, which makes the earlier ones void.
"""),
    ),
    MailKind.SECOND_FACTOR_RESET: Text(
        gettext_noop("Your authenticator app and passkeys were removed"),
        gettext_noop("""Hello %(username)s,

The authenticator app, the recovery codes and all passkeys of your account at %(issuer)s were removed on %(at)s.
%(whence)s
Your password alone is enough to sign in.

If you didn’t ask for this, choose a new password at once, at %(issuer)s/forgot-password
Then ask whoever runs the service why it was done.
"""),
    ),
}
BY_AN_OPERATOR = gettext_noop("An operator of the service did it.")
IN_A_BROWSER = gettext_noop("It was done in %(program)s, from %(network)s.")
IN_SOME_PROGRAM = gettext_noop("It was done from %(network)s.")
"""One of these three is the place `whence`."""
