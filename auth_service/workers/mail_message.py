"""A message is made of its text when it is sent, in the language of its reader."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from babel.dates import format_date, format_time

from auth_service.models.acting import Who
from auth_service.models.language import gettext_noop
from auth_service.models.one_time_link import LinkPurpose, link_address
from auth_service.models.queued_mail import MailKind
from auth_service.storage.mail_queue import Claim
from auth_service.translations.catalogues import catalogue, locale_of, program_named
from auth_service.workers.mail_texts import BY_AN_OPERATOR, IN_A_BROWSER, IN_SOME_PROGRAM, TEXTS

_LINKS = {
    MailKind.NEW_PASSWORD: LinkPurpose.NEW_PASSWORD,
    MailKind.INVITATION: LinkPurpose.INVITATION,
    MailKind.REGISTRATION: LinkPurpose.REGISTRATION,
    MailKind.NEW_ADDRESS: LinkPurpose.NEW_ADDRESS,
}


def message(claim: Claim, issuer: str, sender: Address) -> EmailMessage:
    """Return the message as it is sent. Raises ValueError of an address that is none."""
    text, translated = TEXTS[claim.kind], catalogue(claim.language).gettext
    made = EmailMessage(SMTP)
    made["From"] = sender
    made["To"] = Address(addr_spec=claim.address)
    made["Subject"] = translated(text.subject)
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = f"<mail-{claim.id}-{claim.created_at:%Y%m%d%H%M%S}@{sender.domain}>"
    made["Auto-Submitted"] = "auto-generated"  # nobody's holiday is told to us (RFC 3834 §5)
    body = translated(text.body) % _named(claim, issuer, translated)
    made.set_content(body, cte="quoted-printable")  # links keep their lines
    made["Content-Language"] = claim.language  # RFC 3282; earlier, it would have been taken away with the content
    return made


def _named(claim: Claim, issuer: str, translated: Callable[[str], str]) -> dict[str, str]:
    given = {name: _one_line(value) for name, value in claim.particulars.items()}
    named = {**given, "issuer": issuer, "whence": _whence(given, translated)}
    for name in ("at", "until"):
        if name in given:
            at, locale = datetime.fromisoformat(given[name]), locale_of(claim.language)
            said = {"date": format_date(at, "long", locale), "time": format_time(at, "short", locale=locale)}
            named[name] = translated(gettext_noop("%(date)s, %(time)s UTC")) % said
    if claim.kind in _LINKS:
        named["link"] = link_address(issuer, _LINKS[claim.kind], given["token"])
    return named


def _whence(given: Mapping[str, str], translated: Callable[[str], str]) -> str:
    if given.get("who") == Who.OPERATOR:
        return translated(BY_AN_OPERATOR)
    program = program_named(given.get("program"), translated)
    sentence = IN_A_BROWSER if program else IN_SOME_PROGRAM
    return translated(sentence) % {"program": program, "network": given.get("network", "")}


def _one_line(value: str) -> str:
    """Return it without what could make a line of its own."""
    return "".join(character if character.isprintable() else " " for character in value)
