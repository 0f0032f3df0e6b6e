"""What a body-weight entry is: read from a request, checked, written as JSON. Knows no HTTP and no store."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fit_service.errors import ProblemError
from fit_service.weight import Weight, parse_weight

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Beyond this it is a typing error."""
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

    def to_json(self, unit: str | None = None) -> dict[str, str]:
        """The object that the API shows, in `unit` or as it was entered."""
        weight = self.weight.converted(unit)
        return {
            "id": self.id,
            "body_weight": weight.text(),
            "unit": weight.unit,
            "created_at": self.created_at.astimezone(UTC).isoformat(),
        }


def parse_json(body: bytes) -> Mapping[str, Any]:
    """A JSON object whose numbers are kept exact. Raises ProblemError."""
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ProblemError(400, "The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise ProblemError(400, "The body must be a JSON object.")
    return value


def new_entry(fields: Mapping[str, Any], now: datetime | None = None) -> NewEntry:
    """An entry from its members; without `now`, it must say when. Raises ProblemError naming the member at fault."""
    for name in ("body_weight", "unit"):
        if name not in fields:
            raise ProblemError(422, f"{name} is required.", field=name)
    weight = parse_weight(fields["body_weight"], fields["unit"])
    if "created_at" in fields:
        return NewEntry(weight, _parse_created_at(fields["created_at"]))
    if now is None:
        raise ProblemError(422, "created_at is required.", field="created_at")
    return NewEntry(weight, now)


def changed_entry(entry: NewEntry, fields: Mapping[str, Any]) -> NewEntry:
    """An entry with the given members replaced (RFC 7396). Raises ProblemError naming the member at fault."""
    if "body_weight" not in fields and "unit" in fields and fields["unit"] != entry.weight.unit:
        raise ProblemError(422, "Changing the unit needs the body_weight in that unit too.", field="body_weight")
    current = {"body_weight": entry.weight.text(), "unit": entry.weight.unit}
    return new_entry({**current, **fields}, entry.created_at)


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


def _parse_created_at(value: object) -> datetime:
    created_at = parse_timestamp(value, "created_at")
    if not FIRST_YEAR <= created_at.year <= LAST_YEAR:
        raise ProblemError(422, f"created_at must be in the years {FIRST_YEAR} to {LAST_YEAR}.", field="created_at")
    return created_at


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
