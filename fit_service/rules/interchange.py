"""What the formats of other people's standards have in common: exact numbers, local times and UUIDs."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid5

from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_file import Person
from fit_service.rules.weight import Weight

AMOUNT = "the amount"
"""It stands for the amount of a weight in what `exactly` writes."""
_LARGEST_OFFSET = 14 * 60
"""No place on earth was ever further ahead of UTC, or behind, and FHIR knows no other offset."""


def exactly(members: Mapping[str, object], weight: Weight) -> str:
    """Write JSON in which the weight is a number of these very digits: json.dumps would make a float of it."""
    text = json.dumps(members, separators=(",", ":"))
    return text.replace(f'"{AMOUNT}"', weight.text(), 1)


def local_time(entry: BodyWeightEntry) -> str:
    """Write when it was, as the clock showed it where it was weighed; `Z` if that isn't known (RFC 9557 §2)."""
    offset = entry.utc_offset
    if offset is not None and abs(offset) <= _LARGEST_OFFSET:
        try:
            return entry.created_at.astimezone(timezone(timedelta(minutes=offset))).isoformat()
        except OverflowError:  # it is of the last hours of the year 9999
            pass
    return _in_utc(entry.created_at)


def uuid_of(entry: BodyWeightEntry, person: Person) -> UUID:
    """Make the UUID of an entry, always the same one (RFC 9562 §5.5)."""
    return uuid5(person.uuid, entry.id)


def _in_utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
