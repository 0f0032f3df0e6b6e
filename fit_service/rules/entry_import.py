"""Reads a file that is imported: each row becomes an entry, or a fault that names it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from fit_service.rules.body_weight_entry import MAX_AHEAD, ORIGINS, TOO_LATE, NewEntry, is_offset, new_entry
from fit_service.rules.entry_file import COLUMNS, EntryFormat
from fit_service.rules.refusals import Fault, InvalidEntriesError, InvalidValueError, TooLongError

MAX_ERRORS = 100
"""After so many, the rest of a file is not worth reading."""
MAX_ENTRIES = 10_000
"""A file has at most so many entries: twenty-seven years of mornings, which take less than a second."""
MAX_MARKED_DELETED = 100_000
"""A file has at most so many rows that are marked deleted, which may be as short as two bytes."""
_ANY_TIME = datetime.max.replace(tzinfo=UTC) - MAX_AHEAD
_DELETION_MARKS = {"deleted", "isdeleted", "deletedat"}
"""Files mark what was deleted by columns and members of these names, of which only letters count."""
_NOT_DELETED = {"false", "no", "n", "f", "null", "none", "nan", "nat"}
_OF_ZERO = " 0.:-"
"""What is written with these only is no mark either: nothing, a dash, zero as any number or date."""
_READABLE: Mapping[str, Callable[[str], bool]] = {"utc_offset": is_offset, "origin": ORIGINS.__contains__}
"""These are taken from a file only if they are as an export writes them."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """It is one entry of a file."""

    place: int
    """It is the line or index of the entry, as the file's format counts."""
    entry: NewEntry
    id: str | None
    """Under this id perhaps this API exported it, or another service, perhaps as a number."""
    is_too_late: bool
    """If true, it is more than a day from now, as the first release allowed, and must be stored already."""


@dataclass(frozen=True, slots=True)
class EntryFile:
    """It holds what was read."""

    entries: list[FileEntry]
    marked_deleted: int
    """So many rows say that they were deleted where they come from, and are no entries for that."""


def read_entries(file: bytes, codec: str, entry_format: EntryFormat, now: datetime) -> EntryFile:
    """Read all entries of a file.

    Raises InvalidEntriesError that names every row at fault, or another RefusedError if the file can't be read.
    """
    entries: list[FileEntry] = []
    faults: list[Fault] = []
    marked_deleted = 0
    for place, fields in entry_format.read(file, codec):
        try:
            if _is_marked_deleted(fields):
                marked_deleted += 1
            else:
                entries.append(_entry(place, fields, now))
        except InvalidValueError as refusal:
            faults += (fault.at(entry_format.place, place) for fault in refusal.faults)
            if len(faults) == MAX_ERRORS:
                break
        if len(entries) > MAX_ENTRIES:
            raise TooLongError(f"The file has more than {MAX_ENTRIES} entries: send it in parts.")
        if marked_deleted > MAX_MARKED_DELETED:
            raise TooLongError(f"The file has more than {MAX_MARKED_DELETED} deleted entries: leave them out.")
    if faults:
        raise _refusal(faults)
    return EntryFile(entries, marked_deleted)


def too_late(entries: Iterable[FileEntry], entry_format: EntryFormat) -> InvalidEntriesError:
    """Make the refusal of these entries, which are not stored and can't be."""
    return _refusal(
        [Fault("created_at", TOO_LATE, (entry_format.place, each.place)) for each in islice(entries, MAX_ERRORS)]
    )


def _refusal(faults: Sequence[Fault]) -> InvalidEntriesError:
    many = f"{len(faults)} or more" if len(faults) == MAX_ERRORS else str(len(faults))
    return InvalidEntriesError(f"Not good: {many} of the entries. Nothing was imported.", faults)


def _entry(place: int, fields: object, now: datetime) -> FileEntry:
    if isinstance(fields, InvalidValueError):
        raise fields
    if not isinstance(fields, dict):
        raise InvalidValueError("entry", "An entry must be a JSON object.")
    entry_id = fields.get("id")
    known_as = str(entry_id) if isinstance(entry_id, str | int) and entry_id != "" else None
    entry = new_entry(_without_others(fields), _ANY_TIME if known_as else now)
    return FileEntry(place, entry, known_as, is_too_late=entry.created_at > now + MAX_AHEAD)


def _without_others(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Other programs' files may have columns with the names of ours and something else in them."""
    unreadable = {
        name for name, can_be_read in _READABLE.items() if name in fields and not can_be_read(str(fields[name]))
    }
    return {name: value for name, value in fields.items() if name not in unreadable} if unreadable else fields


def _is_marked_deleted(fields: object) -> bool:
    return isinstance(fields, dict) and any(_marks_deletion(name, fields) for name in fields)


def _marks_deletion(name: str, fields: Mapping[str, Any]) -> bool:
    is_mark = name not in COLUMNS and "".join(filter(str.isalpha, name.lower())) in _DELETION_MARKS
    return is_mark and str(fields[name]).lower().strip(_OF_ZERO) not in {"", *_NOT_DELETED}
