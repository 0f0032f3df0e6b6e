"""A body-weight entry is read from the members that an app sends, checked, and written as JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any

from fit_service.rules import client_record
from fit_service.rules.client_record import ClientRecord, parse_record
from fit_service.rules.refusals import ChangedMeanwhileError, InvalidValueError, refuse_unknown
from fit_service.rules.weight import Weight, parse_weight

FIRST_YEAR, MAX_AHEAD = 1900, timedelta(days=1)
"""Before that year, or so long from now, it is a typing error."""
TOO_LATE = "created_at must not be more than a day from now."
CONTENT = ("body_weight", "unit", "created_at", "utc_offset", "origin")
"""An entry says this."""
MEMBERS = (*CONTENT, *client_record.MEMBERS)
"""A new entry is sent with these."""
FIXED_MEMBERS = ("id", "stored_at", "modified_at", *client_record.MEMBERS)
"""Nobody can change these of a stored entry, but apps may send them: it can be sent back as it was read."""
CHANGED_MEMBERS = (*CONTENT, "version", *FIXED_MEMBERS)
ID = "[0-9a-f]{1,32}"
"""Every id of an entry matches this. What doesn't need not be looked for, and not every store could."""
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Origin(StrEnum):
    """An origin says who measured, or wrote down, a weight."""

    APP = "app"
    """A program made it of something else."""
    DEVICE = "device"
    """A scale measured it."""
    MANUAL = "manual"
    """A person wrote it down."""


ORIGINS = tuple(each.value for each in Origin)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """It is a weight at an instant, not yet stored."""

    weight: Weight
    created_at: datetime
    utc_offset: int | None = field(default=None, kw_only=True)
    """Local time was so many minutes ahead of UTC where it was weighed; None: unknown."""
    origin: Origin | None = field(default=None, kw_only=True)
    record: ClientRecord | None = field(default=None, kw_only=True)
    """The app that sent it calls it so; None: it said nothing."""

    def says_the_same_as(self, other: "NewEntry") -> bool:
        """Say whether they are equal but for what their apps call them."""
        names = {each.name for each in fields(NewEntry)} - {"record"}
        return all(getattr(self, name) == getattr(other, name) for name in names)


@dataclass(frozen=True, slots=True)
class BodyWeightEntry(NewEntry):
    """It is a stored entry of one person."""

    id: str
    change: int
    """The change that made it what it is has this number, among all changes of this person's entries."""
    subject: str
    """It is the entry of this person."""
    stored_at: datetime | None = field(default=None, kw_only=True)
    """It was inserted then; None: before that was noted."""
    modified_at: datetime | None = field(default=None, kw_only=True)
    """It was changed last, or inserted, then; None: before that was noted."""
    changed_by: str | None = field(default=None, kw_only=True)
    """This client did so; None: unknown."""

    @property
    def version(self) -> str:
        """It is the version of what the entry is now."""
        return version_of(self.subject, self.change)

    def to_json(self, unit: str | None = None, client_id: str | None = None) -> dict[str, object]:
        """Return the object that the API shows, in `unit` or as it was entered, without what is unknown.

        The app `client_id` is shown what it calls the entry itself.
        """
        weight = self.weight.converted(unit)
        members = entry_members(
            self.id,
            weight.text(),
            weight.unit,
            self.created_at.astimezone(UTC).isoformat(),
            self.utc_offset,
            self.origin.value if self.origin else None,
            self.version,
            self.stored_at.isoformat() if self.stored_at else None,
            self.modified_at.isoformat() if self.modified_at else None,
        )
        if self.record is not None:
            members |= self.record.to_json(client_id)
        return members


def entry_members(
    entry_id: str,
    body_weight: str,
    unit: str,
    created_at: str,
    utc_offset: int | None,
    origin: str | None,
    version: str,
    stored_at: str | None,
    modified_at: str | None,
) -> dict[str, object]:
    """Make the object that the API shows of an entry, but for its app's record; what is None is unknown, and left out.

    A page is made of it without entries in between.
    """
    members: dict[str, object] = {
        "id": entry_id,
        "body_weight": body_weight,
        "unit": unit,
        "created_at": created_at,
    }
    if utc_offset is not None:
        members["utc_offset"] = offset_text(utc_offset)
    if origin is not None:
        members["origin"] = origin
    members["version"] = version
    if stored_at is not None:
        members["stored_at"] = stored_at
    if modified_at is not None:
        members["modified_at"] = modified_at
    return members


def version_of(subject: str, change: int) -> str:
    """Name what this change made, so that nobody can tell how many changes there were, or whose they are."""
    return sha256(f"{subject} {change}".encode()).hexdigest()[:16]


def new_entry(
    fields: Mapping[str, Any], now: datetime, *, otherwise: datetime | None = None, client_id: str | None = None
) -> NewEntry:
    """Read an entry from its members. Raises InvalidValueError.

    Args:
        fields: the members, others among them.
        now: an entry can be of a day later at most.
        otherwise: of when the entry is if `created_at` is left out, which it can't be without this.
        client_id: the app whose own record it may be; without one, nobody's.
    """
    for name in ("body_weight", "unit"):
        if name not in fields:
            raise InvalidValueError(name, f"{name} is required.")
    weight = parse_weight(fields["body_weight"], fields["unit"])
    if "created_at" not in fields and otherwise is None:
        raise InvalidValueError("created_at", "created_at is required.")
    sent = fields.get("created_at")
    created_at = _parse_created_at(sent, now) if "created_at" in fields or otherwise is None else otherwise
    offset = parse_offset(fields["utc_offset"]) if "utc_offset" in fields else offset_of(sent)
    record = parse_record(fields, client_id) if client_id is not None else None
    return NewEntry(weight, created_at, utc_offset=offset, origin=parse_origin(fields.get("origin")), record=record)


def changed_entry(
    entry: BodyWeightEntry, fields: Mapping[str, Any], now: datetime, client_id: str | None = None
) -> NewEntry:
    """Replace the given members of an entry (RFC 7396), if the `version` among them is the entry's.

    The app `client_id` may send back what it calls the entry itself.

    Raises InvalidValueError and ChangedMeanwhileError.
    """
    refuse_unknown(fields, CHANGED_MEMBERS)
    shown = entry.to_json(client_id=client_id)
    for name in FIXED_MEMBERS:
        if name in fields and fields[name] != shown.get(name):
            raise InvalidValueError(name, f"{name} can't be changed.")
    if fields.get("version", entry.version) != entry.version:
        raise ChangedMeanwhileError("version")
    if "body_weight" not in fields and "unit" in fields and fields["unit"] != entry.weight.unit:
        raise InvalidValueError("body_weight", "Changing the unit needs the body_weight in that unit too.")
    current: dict[str, Any] = {name: shown[name] for name in ("body_weight", "unit", "origin") if name in shown}
    as_of = max(now, entry.created_at - MAX_AHEAD)  # what is stored may stay where it is
    changed = replace(new_entry({**current, **fields}, as_of, otherwise=entry.created_at), record=entry.record)
    if "utc_offset" not in fields and changed.utc_offset is None and changed.created_at == entry.created_at:
        return replace(changed, utc_offset=entry.utc_offset)
    return changed


def parse_timestamp(value: object, field: str) -> datetime:
    """Read an RFC 3339 timestamp, whose offset is required. Raises InvalidValueError."""
    if not isinstance(value, str) or _TIMESTAMP.fullmatch(value) is None:
        raise InvalidValueError(
            field,
            f"{field} must be an RFC 3339 timestamp with an offset, as in 2015-01-31T07:30:00+01:00 "
            "(in an address, + is written %2B).",
        )
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidValueError(field, f"{field} names a moment that does not exist.") from None


def offset_of(timestamp: object) -> int | None:
    """Return by how many minutes an RFC 3339 timestamp's offset is ahead; None if it is none.

    `Z` and `-00:00` name no place (RFC 9557 §2), and neither does `+00:00`: most programs that write it, this one among
    them, mean that they write UTC.
    """
    offset = _OFFSET.fullmatch(timestamp[-6:]) if isinstance(timestamp, str) else None
    return (_minutes(offset) or None) if offset else None


def parse_offset(value: object) -> int | None:
    """Read the minutes of an offset as in a timestamp, or None. Raises InvalidValueError."""
    if value is None:
        return None
    if not isinstance(value, str) or not is_offset(value):
        raise InvalidValueError("utc_offset", "utc_offset must be like +01:00 or -03:30, or null.")
    offset = _OFFSET.fullmatch(value)
    assert offset is not None
    return _minutes(offset)


def is_offset(text: str) -> bool:
    """Say whether it is an offset as in a timestamp, of a place."""
    return _OFFSET.fullmatch(text) is not None and text != "-00:00"


@lru_cache(24 * 60)
def offset_text(minutes: int | None) -> str | None:
    """Write an offset as in a timestamp."""
    return None if minutes is None else f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def parse_origin(value: object) -> Origin | None:
    """Read one of the words, or None. Raises InvalidValueError."""
    if value is None:
        return None
    if not isinstance(value, str) or value not in ORIGINS:
        raise InvalidValueError("origin", f"origin must be {', '.join(ORIGINS)} or null.")
    return Origin(value)


def _minutes(offset: re.Match[str]) -> int:
    sign, hours, minutes = offset.groups()
    return (60 * int(hours) + int(minutes)) * (-1 if sign == "-" else 1)


def _parse_created_at(value: object, now: datetime) -> datetime:
    created_at = parse_timestamp(value, "created_at")
    if created_at.year < FIRST_YEAR:
        raise InvalidValueError("created_at", f"created_at must not be before the year {FIRST_YEAR}.")
    if created_at > now + MAX_AHEAD:
        raise InvalidValueError("created_at", TOO_LATE)
    return created_at
