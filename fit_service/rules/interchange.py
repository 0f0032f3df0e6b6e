"""What the formats of other people's standards have in common: exact numbers, local times and UUIDs."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid5

from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_file import Person
from fit_service.rules.weight import Weight

AMOUNT = "the amount"
"""It stands for the amount of a weight in what `exactly` writes."""
_OUR_ID = re.compile("[0-9a-f]{24}")
_OUR_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_MARK = 0x1F17B0D
"""The last 26 bits of each UUID of ours are these."""
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
    """Make the UUID of an entry, always the same one, in which its id stands (RFC 9562 §5.8).

    An id of before they had 96 bits has one of version 5, from which it can't be told.
    """
    if _OUR_ID.fullmatch(entry.id) is None:
        return uuid5(person.uuid, entry.id)
    bits = int(entry.id, 16)
    high, middle, low = bits >> 48, bits >> 36 & 0xFFF, bits & 0xF_FFFF_FFFF
    return UUID(int=high << 80 | 8 << 76 | middle << 64 | 2 << 62 | low << 26 | _MARK)


def id_of(uuid: object) -> str | None:
    """Return the id that stands in a UUID of ours, written with or without `urn:uuid:`; None: it is none of ours."""
    text = uuid.lower().removeprefix("urn:uuid:") if isinstance(uuid, str) else ""
    if _OUR_UUID.fullmatch(text) is None:
        return None
    bits = UUID(text).int
    if bits & 0x3FF_FFFF != _MARK:
        return None
    return f"{bits >> 80 << 48 | (bits >> 64 & 0xFFF) << 36 | bits >> 26 & 0xF_FFFF_FFFF:024x}"


def _in_utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
