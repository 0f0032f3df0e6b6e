"""What happened to an account, in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from flask_babel import gettext, ngettext
from markupsafe import Markup

from auth_service.models.acting import Who
from auth_service.models.language import gettext_noop
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.tokens import RevokedBecause
from auth_service.web.languages import program_named

_OF_ACCOUNT = {
    EventKind.SIGNED_IN: gettext_noop("You signed in."),
    EventKind.SIGN_IN_FAILED: gettext_noop("Somebody gave a wrong password."),
    EventKind.SIGN_IN_THROTTLED: gettext_noop("Somebody tried to sign in too often and was refused."),
    EventKind.SIGNED_OUT_EVERYWHERE: gettext_noop("Every browser was signed out."),
    EventKind.OTHER_SESSIONS_ENDED: gettext_noop("You signed out every other browser."),
    EventKind.SESSION_ENDED: gettext_noop("One of your browsers was signed out."),
    EventKind.PASSWORD_CHANGED: gettext_noop("You changed your password; other browsers and all apps lost access."),
    EventKind.PASSWORD_RESET_REQUESTED: gettext_noop(
        "Somebody asked for a link to choose a new password, which we mailed to you."
    ),
    EventKind.PASSWORD_RESET: gettext_noop(
        "A password was chosen with a link that we made for you; browsers and apps lost access."
    ),
    EventKind.ACCOUNT_CREATED: gettext_noop("Your account was made."),
    EventKind.ACCOUNT_INVITED: gettext_noop("You were invited to choose a password."),
    EventKind.ACCOUNT_REQUESTED: gettext_noop("Somebody wanted to make another account with your e-mail address."),
    EventKind.ACCOUNT_DISABLED: gettext_noop("Your account was disabled; all browsers and apps lost access."),
    EventKind.ACCOUNT_ENABLED: gettext_noop("Your account was enabled again."),
    EventKind.PASSKEY_ADDED: gettext_noop("You added a passkey."),
    EventKind.PASSKEY_REMOVED: gettext_noop("A passkey was removed."),
    EventKind.PASSKEY_COUNT_FELL: gettext_noop(
        "A passkey was refused, as there may be a copy of it; remove it and add another."
    ),
    EventKind.AUTHENTICATOR_ADDED: gettext_noop("You set up an authenticator app; signing in takes a code of it."),
    EventKind.AUTHENTICATOR_REMOVED: gettext_noop("Your authenticator app was removed; your password alone is enough."),
    EventKind.RECOVERY_CODES_MADE: gettext_noop("You made new recovery codes; the earlier ones are void."),
    EventKind.RECOVERY_CODE_USED: gettext_noop("Somebody signed in with one of your recovery codes."),
    EventKind.SECOND_FACTOR_RESET: gettext_noop("Your authenticator app, recovery codes and passkeys were removed."),
    EventKind.EMAIL_CHANGE_REQUESTED: gettext_noop("You asked for another e-mail address, and we mailed a link there."),
    EventKind.ACCOUNT_DELETED: gettext_noop("Your account was deleted; all browsers and apps lost access."),
    EventKind.ACCOUNT_RESTORED: gettext_noop("Your account was restored."),
    EventKind.EMAIL_CHANGED: gettext_noop("Your e-mail address was changed."),
}
_OF_APP = {
    EventKind.GRANT_CREATED: gettext_noop("You connected %(app)s."),
    EventKind.CONSENT_DENIED: gettext_noop("You refused %(app)s."),
    EventKind.GRANT_NARROWED: gettext_noop("%(app)s may do less than before."),
    EventKind.CREDENTIAL_REUSED: gettext_noop("A key of %(app)s was used twice, so its access was ended."),
}
_ENDED = {
    RevokedBecause.PERSON: gettext_noop("You ended the access of %(app)s."),
    RevokedBecause.CLIENT: gettext_noop("%(app)s gave its access back."),
    RevokedBecause.PASSWORD_CHANGED: gettext_noop("The access of %(app)s ended with your old password."),
    RevokedBecause.ACCOUNT_DISABLED: gettext_noop("The access of %(app)s ended with your account."),
    RevokedBecause.CLIENT_DELETED: gettext_noop("%(app)s was removed here, and its access ended."),
    RevokedBecause.OPERATOR: gettext_noop("The access of %(app)s was ended for you."),
}
_ANSWERED = {
    "me": gettext_noop("You said that it was you who used a key of %(app)s twice."),
    "not_me": gettext_noop("You said that it was not you who used a key of %(app)s twice; everything was ended."),
}
SHOWN_KINDS = (*_OF_ACCOUNT, *_OF_APP, EventKind.GRANT_REVOKED, EventKind.REUSE_ANSWERED)
"""Those that are of use to the person concerned."""

_ALARMING = {
    EventKind.CREDENTIAL_REUSED,
    EventKind.SIGN_IN_FAILED,
    EventKind.SIGN_IN_THROTTLED,
    EventKind.PASSKEY_COUNT_FELL,
    EventKind.RECOVERY_CODE_USED,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing happened."""

    at: datetime
    sentence: Markup
    whence: str
    story: str | None
    """The grant of this id has a story that is worth a page."""
    is_alarming: bool


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on it, the latest first."""

    date: date
    lines: Sequence[Line]


def days(events: Sequence[SecurityEvent], names: Mapping[str, str]) -> list[Day]:
    """Say what happened, by day; `names` are those of the apps, by their ids."""
    lines = [line for event in events if (line := _line(event, names)) is not None]
    return [Day(day, list(of_day)) for day, of_day in groupby(lines, lambda line: line.at.date())]


def client_ids(events: Sequence[SecurityEvent]) -> set[str]:
    """Return of which apps the names are needed."""
    return {event.client_id for event in events if event.client_id is not None}


def _line(event: SecurityEvent, names: Mapping[str, str]) -> Line | None:
    sentence = _sentence(event)
    if sentence is None:
        return None
    app = names.get(event.client_id or "", event.client_id or "")
    said = Markup(gettext(sentence)) % {"app": Markup("<bdi>{}</bdi>").format(app)}  # noqa: S704 - of a catalogue
    if event.times > 1:
        said += " " + ngettext("It happened once.", "It happened %(num)d times within a minute.", event.times)
    is_reuse = event.kind in {EventKind.CREDENTIAL_REUSED, EventKind.REUSE_ANSWERED}
    story = event.grant_id if is_reuse else None
    return Line(event.at, said, _whence(event), story, event.kind in _ALARMING)


def _sentence(event: SecurityEvent) -> str | None:
    """Return None for what another event says better, or a later release of ours will have written."""
    try:
        kind = EventKind(event.kind)
        if kind is EventKind.GRANT_REVOKED:
            return _ENDED.get(RevokedBecause(event.detail or ""))
    except ValueError:
        return None
    if kind is EventKind.REUSE_ANSWERED:
        return _ANSWERED.get(event.detail or "")
    return _OF_ACCOUNT.get(kind) or _OF_APP.get(kind)


def _whence(event: SecurityEvent) -> str:
    if event.who == Who.OPERATOR:
        return gettext("By an operator of this service")
    if not event.network:
        return ""
    if not event.program:
        return gettext("A program that doesn’t say its name, from %(network)s", network=event.network)
    return gettext("%(program)s, from %(network)s", program=program_named(event.program), network=event.network)
