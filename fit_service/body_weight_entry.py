"""What a body-weight entry is: read from a request, checked, written as JSON. Knows no HTTP and no store."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from fit_service import exact_json
from fit_service.errors import ProblemError
from fit_service.weight import Weight, parse_weight

FIRST_YEAR, MAX_AHEAD = 1900, timedelta(days=1)
"""Before that year, or so long from now, it is a typing error."""
MEMBERS = ("body_weight", "unit", "created_at")
"""What is sent of an entry."""
CHANGED_MEMBERS = ("id", *MEMBERS, "version")
"""What is sent of one that is stored: an entry can be sent back as it was read."""
CHANGED_MEANWHILE = "The entry was changed meanwhile: read it again."
_SHOWN_NAME = 60
"""Characters of a member's name that a refusal repeats."""
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A weight at an instant, not yet stored."""

    weight: Weight
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BodyWeightEntry(NewEntry):
    """A stored entry of one person."""

    id: str
    change: int
    """The number of the change that made it what it is, among all changes of this person's entries."""
    subject: str
    """The person."""

    @property
    def version(self) -> str:
        """Of what the entry is now."""
        return version_of(self.subject, self.change)

    def to_json(self, unit: str | None = None) -> dict[str, str]:
        """The object that the API shows, in `unit` or as it was entered."""
        weight = self.weight.converted(unit)
        return {
            "id": self.id,
            "body_weight": weight.text(),
            "unit": weight.unit,
            "created_at": self.created_at.astimezone(UTC).isoformat(),
            "version": self.version,
        }


def version_of(subject: str, change: int) -> str:
    """The version of what this change made: nobody can tell from it how many changes there were, or whose they are."""
    return sha256(f"{subject} {change}".encode()).hexdigest()[:16]


def parse_json(body: bytes) -> Mapping[str, Any]:
    """A JSON object whose numbers are kept exact. Raises ProblemError."""
    try:
        value = exact_json.parse(body)
    except exact_json.RepeatedMemberError as error:
        raise ProblemError(422, str(error), field=error.name) from None
    except exact_json.UnreadableJsonError as error:
        raise ProblemError(400, f"The body can't be read as JSON. {error}") from None
    if not isinstance(value, dict):
        raise ProblemError(400, "The body must be a JSON object.")
    return value


def refuse_unknown(fields: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise ProblemError if there is any other member: a misspelt `created_at` would make the past now."""
    for name in fields:
        if name not in known:
            shown, others = name[:_SHOWN_NAME], ", ".join(known)
            raise ProblemError(422, f"{shown} is not known here; what can be sent is: {others}.", field=shown)


def new_entry(fields: Mapping[str, Any], now: datetime, *, otherwise: datetime | None = None) -> NewEntry:
    """An entry from its members. Raises ProblemError naming the member at fault.

    Args:
        fields: the members, others among them.
        now: an entry can be of a day later at most.
        otherwise: of when the entry is if `created_at` is left out, which it can't be without this.
    """
    for name in ("body_weight", "unit"):
        if name not in fields:
            raise ProblemError(422, f"{name} is required.", field=name)
    weight = parse_weight(fields["body_weight"], fields["unit"])
    if "created_at" in fields:
        return NewEntry(weight, _parse_created_at(fields["created_at"], now))
    if otherwise is None:
        raise ProblemError(422, "created_at is required.", field="created_at")
    return NewEntry(weight, otherwise)


def changed_entry(entry: BodyWeightEntry, fields: Mapping[str, Any], now: datetime) -> NewEntry:
    """An entry with the given members replaced (RFC 7396), if the `version` among them is the entry's.

    Raises ProblemError naming the member at fault.
    """
    refuse_unknown(fields, CHANGED_MEMBERS)
    if fields.get("id", entry.id) != entry.id:
        raise ProblemError(422, "id can't be changed.", field="id")
    if fields.get("version", entry.version) != entry.version:
        raise ProblemError(412, CHANGED_MEANWHILE, field="version")
    if "body_weight" not in fields and "unit" in fields and fields["unit"] != entry.weight.unit:
        raise ProblemError(422, "Changing the unit needs the body_weight in that unit too.", field="body_weight")
    current = {"body_weight": entry.weight.text(), "unit": entry.weight.unit}
    return new_entry({**current, **fields}, now, otherwise=entry.created_at)


def parse_timestamp(value: object, field: str) -> datetime:
    """An RFC 3339 timestamp, whose offset is required. Raises ProblemError."""
    if not isinstance(value, str) or _TIMESTAMP.fullmatch(value) is None:
        raise ProblemError(
            422,
            f"{field} must be an RFC 3339 timestamp with an offset, as in 2015-01-31T07:30:00+01:00 "
            "(in an address, + is written %2B).",
            field=field,
        )
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ProblemError(422, f"{field} names a moment that does not exist.", field=field) from None


def _parse_created_at(value: object, now: datetime) -> datetime:
    created_at = parse_timestamp(value, "created_at")
    if created_at.year < FIRST_YEAR:
        raise ProblemError(422, f"created_at must not be before the year {FIRST_YEAR}.", field="created_at")
    if created_at > now + MAX_AHEAD:
        raise ProblemError(422, "created_at must not be more than a day from now.", field="created_at")
    return created_at
