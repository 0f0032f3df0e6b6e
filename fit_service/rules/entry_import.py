"""Makes entries of a file that is imported: each row becomes one, is skipped with a reason, or is named in a refusal.

All formats take this road; it knows none of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from fit_service.rules.body_weight_entry import FIRST_YEAR, MAX_AHEAD, TOO_LATE, NewEntry
from fit_service.rules.formats.contract import Reading, Reason, Skipped, Unreadable
from fit_service.rules.formats.table import Recognised
from fit_service.rules.import_choices import Choices, Chooser, Question
from fit_service.rules.refusals import Fault, InvalidEntriesError, InvalidValueError, Place, TooLongError

MAX_ERRORS = 100
"""After so many, the rest of a file is not worth reading."""
MAX_ENTRIES = 10_000
"""A file has at most so many entries: twenty-seven years of mornings, which take less than a second."""
MAX_SKIPPED = 100_000
"""A file has at most so many rows that become no entries: one that is marked deleted may be as short as two bytes."""
OR_ELSE = "or give it to the strength app or `flask --app fit_service import`, which do"
"""Who has a longer file than is taken at once may do this."""
MAX_PLACES = 10
"""So many of the rows that were skipped for one reason are named."""


@dataclass(slots=True)
class FileEntry:
    """It is one entry of a file."""

    place: Place
    entry: NewEntry
    id: str | None
    """Under this id perhaps this API exported it, or another service, perhaps as a number."""
    is_too_late: bool
    """If true, it is more than a day from now, as the first release allowed, and must be stored already."""


@dataclass(slots=True)
class SkippedRows:
    """They were skipped for one reason."""

    count: int = 0
    places: list[Place] = field(default_factory=list)
    """The first of them stand there."""

    def add(self, place: Place) -> None:
        """Count one more."""
        self.count += 1
        if len(self.places) < MAX_PLACES:
            self.places.append(place)


@dataclass(frozen=True, slots=True)
class EntryFile:
    """It holds what was read."""

    recognised: Recognised
    entries: list[FileEntry]
    skipped: dict[Reason, SkippedRows]
    questions: list[Question]
    """If there are any, some rows are no entries yet, and the file can't be imported."""

    def skip(self, place: Place, reason: Reason) -> None:
        """Note that this row is skipped."""
        self.skipped.setdefault(reason, SkippedRows()).add(place)

    @property
    def marked_deleted(self) -> int:
        """So many rows say that they were deleted where they come from, and are no entries for that."""
        return self.skipped[Reason.DELETED].count if Reason.DELETED in self.skipped else 0

    def refuse_questions(self) -> None:
        """Raise InvalidEntriesError that names every row for which a choice is missing."""
        faults = [Fault(each.parameter, each.sentence, place) for each in self.questions for place in each.places]
        if faults:
            raise refusal(faults[:MAX_ERRORS])


def read_entries(recognised: Recognised, codec: str, choices: Choices, now: datetime) -> EntryFile:
    """Read all entries of a file.

    Raises InvalidEntriesError that names every row at fault, or another RefusedError if the file can't be read.
    """
    readings: list[Reading] = []
    faults: list[Fault] = []
    found, skipped = EntryFile(recognised, [], {}, []), 0
    for row in recognised.rows(codec):
        if isinstance(row, Skipped):
            found.skip(row.place, row.reason)
            skipped += 1
            if found.marked_deleted > MAX_SKIPPED:
                raise TooLongError(f"The file has more than {MAX_SKIPPED} deleted entries: leave them out.")
            if skipped > MAX_SKIPPED:
                raise TooLongError(
                    f"The file has more than {MAX_SKIPPED} rows that are no weighings: leave them out, {OR_ELSE}."
                )
        elif isinstance(row, Unreadable):
            faults.append(Fault(row.field, row.sentence, row.place))
        else:
            readings.append(row)
            if len(readings) > MAX_ENTRIES:
                raise TooLongError(f"The file has more than {MAX_ENTRIES} entries: send it in parts, {OR_ELSE}.")
        if len(faults) == MAX_ERRORS:
            break
    _add_entries(found, readings, choices, now, faults)
    if faults:
        raise refusal(sorted(faults, key=lambda fault: _order(fault.place))[:MAX_ERRORS])
    return found


def too_late(entries: Iterable[FileEntry]) -> InvalidEntriesError:
    """Make the refusal of these entries, which are not stored and can't be."""
    return refusal([Fault("created_at", TOO_LATE, each.place) for each in islice(entries, MAX_ERRORS)])


def _add_entries(
    found: EntryFile, readings: Sequence[Reading], choices: Choices, now: datetime, faults: list[Fault]
) -> None:
    chooser = Chooser(choices, readings)
    for reading in readings:
        try:
            entry = chooser.entry(reading)
            if isinstance(entry, Reason):
                found.skip(reading.place, entry)
            elif entry is not None:
                found.entries.append(checked(reading, entry, now))
        except InvalidValueError as error:
            faults += (fault.at(reading.place) for fault in error.faults)
    found.questions.extend(chooser.questions.values())


def checked(reading: Reading, entry: NewEntry, now: datetime) -> FileEntry:
    """Make the entry of a reading. Raises InvalidValueError if it can be of no such day."""
    if entry.created_at.year < FIRST_YEAR:
        raise InvalidValueError("created_at", f"created_at must not be before the year {FIRST_YEAR}.")
    is_too_late = entry.created_at > now + MAX_AHEAD
    if is_too_late and reading.id is None:
        raise InvalidValueError("created_at", TOO_LATE)
    return FileEntry(reading.place, entry, reading.id, is_too_late)


def _order(place: Place | None) -> int:
    return place[1] if place and isinstance(place[1], int) else 0


def refusal(faults: Sequence[Fault]) -> InvalidEntriesError:
    """Make the refusal of a file with these faults."""
    many = f"{len(faults)} or more" if len(faults) == MAX_ERRORS else str(len(faults))
    return InvalidEntriesError(f"Not good: {many} of the entries. Nothing was imported.", faults)
