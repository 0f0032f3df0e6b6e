"""The texts that are mailed: whole sentences, plain, and nothing in a header that a stranger could choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from auth_service.models.acting import Who
from auth_service.models.one_time_link import LinkPurpose, link_address
from auth_service.models.queued_mail import MailKind
from auth_service.storage.mail_queue import Claim


@dataclass(frozen=True, slots=True)
class Text:
    """A message says this, where names in braces stand for what it is about."""

    subject: str
    body: str


TEXTS: Mapping[MailKind, Text] = {
    MailKind.NEW_PASSWORD: Text(
        "Choose a new password",
        """Hello {username},

Somebody, probably you, asked for a new password for your account at {issuer}.
To choose one, open this address within 20 minutes:

{link}

If it wasn’t you, do nothing: your password stays as it is, and nobody but you has this link.
""",
    ),
    MailKind.INVITATION: Text(
        "Choose a password for your account",
        """Hello {username},

An operator of {issuer} invites you to choose a password for your account there.
Open this address until {until}:

{link}

If you don’t expect this, do nothing.
""",
    ),
    MailKind.REGISTRATION: Text(
        "Confirm your e-mail address",
        """Hello,

Somebody, probably you, wants an account at {issuer} with this address.
To confirm it and choose a password, open this address within a day:

{link}

If it wasn’t you, do nothing: there will be no account.
""",
    ),
    MailKind.ADDRESS_IN_USE: Text(
        "You have an account already",
        """Hello {username},

Somebody, probably you, wants another account at {issuer} with this address.
You have one already. Its user name is: {username}

You can sign in, or choose a new password if you forgot yours, at {issuer}/sign-in

If it wasn’t you, do nothing: nothing has changed.
""",
    ),
    MailKind.NEW_ADDRESS: Text(
        "Confirm your new e-mail address",
        """Hello {username},

Somebody, probably you, wants this to be the address of your account at {issuer}.
To confirm it, open this address within a day:

{link}

If it wasn’t you, do nothing: nothing changes.
""",
    ),
    MailKind.PASSWORD_CHANGED: Text(
        "Your password was changed",
        """Hello {username},

The password of your account at {issuer} was changed on {at}.
{whence}
All other browsers are signed out, and no app has access any more.

If it wasn’t you, choose a new password at once, at {issuer}/forgot-password
""",
    ),
    MailKind.EMAIL_CHANGED: Text(
        "Your e-mail address was changed",
        """Hello {username},

The e-mail address of your account at {issuer} was changed on {at}.
{whence}
This is the last message that you get at this address.

If it wasn’t you, sign in and change your password at once, or ask whoever runs the service for help.
""",
    ),
    MailKind.CREDENTIAL_REUSED: Text(
        "A key of a connected app was used twice",
        """Hello {username},

A key that an app has to your account at {issuer} was used twice on {at}.
Somebody may have copied it, so we ended the access of that app.
See what happened, and say whether it was you:

{issuer}/activity/reuse/{grant_id}
""",
    ),
}
_BY_AN_OPERATOR = "An operator of the service did it."
_IN_A_BROWSER = "It was done in {program}, from {network}."
_IN_SOME_PROGRAM = "It was done from {network}."
_LINKS = {
    MailKind.NEW_PASSWORD: LinkPurpose.NEW_PASSWORD,
    MailKind.INVITATION: LinkPurpose.INVITATION,
    MailKind.REGISTRATION: LinkPurpose.REGISTRATION,
    MailKind.NEW_ADDRESS: LinkPurpose.NEW_ADDRESS,
}


def message(claim: Claim, issuer: str, sender: Address) -> EmailMessage:
    """Return the message as it is sent. Raises ValueError of an address that is none."""
    text = TEXTS[claim.kind]
    made = EmailMessage(SMTP)
    made["From"] = sender
    made["To"] = Address(addr_spec=claim.address)
    made["Subject"] = text.subject
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = f"<mail-{claim.id}-{claim.created_at:%Y%m%d%H%M%S}@{sender.domain}>"
    made["Auto-Submitted"] = "auto-generated"  # nobody's holiday is told to us (RFC 3834 §5)
    made.set_content(text.body.format_map(_named(claim, issuer)), cte="quoted-printable")  # links keep their lines
    return made


def _named(claim: Claim, issuer: str) -> dict[str, str]:
    given = {name: _one_line(value) for name, value in claim.particulars.items()}
    named = {**given, "issuer": issuer, "whence": _whence(given)}
    for name in ("at", "until"):
        if name in given:
            named[name] = f"{datetime.fromisoformat(given[name]):%-d %B %Y, %H:%M} UTC"
    if claim.kind in _LINKS:
        named["link"] = link_address(issuer, _LINKS[claim.kind], given["token"])
    return named


def _whence(given: Mapping[str, str]) -> str:
    if given.get("who") == Who.OPERATOR:
        return _BY_AN_OPERATOR
    return (_IN_A_BROWSER if given.get("program") else _IN_SOME_PROGRAM).format_map(
        {"program": given.get("program", ""), "network": given.get("network", "")}
    )


def _one_line(value: str) -> str:
    """Return it without what could make a line of its own."""
    return "".join(character if character.isprintable() else " " for character in value)
