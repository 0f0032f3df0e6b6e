"""What happened to an account, in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from auth_service.models.acting import Who
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.tokens import RevokedBecause

_OF_ACCOUNT = {
    EventKind.SIGNED_IN: "You signed in",
    EventKind.SIGN_IN_FAILED: "Somebody gave a wrong password",
    EventKind.SIGN_IN_THROTTLED: "Somebody tried to sign in too often and was refused",
    EventKind.SIGNED_OUT_EVERYWHERE: "Every browser was signed out",
    EventKind.OTHER_SESSIONS_ENDED: "You signed out every other browser",
    EventKind.SESSION_ENDED: "One of your browsers was signed out",
    EventKind.PASSWORD_CHANGED: "You changed your password; other browsers and all apps lost access",
    EventKind.PASSWORD_RESET_REQUESTED: "Somebody asked for a link to choose a new password, which we mailed to you",
    EventKind.PASSWORD_RESET: "A password was chosen with a link that we made for you; browsers and apps lost access",
    EventKind.ACCOUNT_CREATED: "Your account was made",
    EventKind.ACCOUNT_INVITED: "You were invited to choose a password",
    EventKind.ACCOUNT_REQUESTED: "Somebody wanted to make another account with your e-mail address",
    EventKind.ACCOUNT_DISABLED: "Your account was disabled; all browsers and apps lost access",
    EventKind.ACCOUNT_ENABLED: "Your account was enabled again",
    EventKind.PASSKEY_ADDED: "You added a passkey",
    EventKind.PASSKEY_REMOVED: "A passkey was removed",
    EventKind.PASSKEY_COUNT_FELL: "A passkey was refused, as there may be a copy of it; remove it and add another",
    EventKind.AUTHENTICATOR_ADDED: "You set up an authenticator app; signing in takes a code of it",
    EventKind.AUTHENTICATOR_REMOVED: "Your authenticator app was removed; your password alone is enough",
    EventKind.RECOVERY_CODES_MADE: "You made new recovery codes; the earlier ones are void",
    EventKind.RECOVERY_CODE_USED: "Somebody signed in with one of your recovery codes",
    EventKind.SECOND_FACTOR_RESET: "Your authenticator app, recovery codes and passkeys were removed",
    EventKind.EMAIL_CHANGE_REQUESTED: "You asked for another e-mail address, and we mailed a link there",
    EventKind.ACCOUNT_DELETED: "Your account was deleted; all browsers and apps lost access",
    EventKind.ACCOUNT_RESTORED: "Your account was restored",
    EventKind.EMAIL_CHANGED: "Your e-mail address was changed",
}
_OF_APP = {
    EventKind.GRANT_CREATED: "You connected {app}",
    EventKind.CONSENT_DENIED: "You refused {app}",
    EventKind.GRANT_NARROWED: "{app} may do less than before",
    EventKind.CREDENTIAL_REUSED: "A key of {app} was used twice, so its access was ended",
}
_ENDED = {
    RevokedBecause.PERSON: "You ended the access of {app}",
    RevokedBecause.CLIENT: "{app} gave its access back",
    RevokedBecause.PASSWORD_CHANGED: "The access of {app} ended with your old password",
    RevokedBecause.ACCOUNT_DISABLED: "The access of {app} ended with your account",
    RevokedBecause.CLIENT_DELETED: "{app} was removed here, and its access ended",
    RevokedBecause.OPERATOR: "The access of {app} was ended for you",
}
_ANSWERED = {
    "me": "You said that it was you who used a key of {app} twice",
    "not_me": "You said that it was not you who used a key of {app} twice; everything was ended",
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
    before_app: str
    app: str
    after_app: str
    """Together the last three are a sentence."""
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
    before, _, after = sentence.partition("{app}")
    app = names.get(event.client_id or "", event.client_id or "") if "{app}" in sentence else ""
    again = f", {event.times} times within a minute" if event.times > 1 else ""
    is_reuse = event.kind in {EventKind.CREDENTIAL_REUSED, EventKind.REUSE_ANSWERED}
    story = event.grant_id if is_reuse else None
    return Line(event.at, before, app, after + again, _whence(event), story, event.kind in _ALARMING)


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
        return "By an operator of this service"
    by = event.program or "A program that doesn’t say its name"
    return f"{by}, from {event.network}" if event.network else ""
