"""What all formats do with the rows of a file: one that can't be read is named, one that comes again is skipped."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from fit_service.rules.formats.contract import Reading, Reason, Row, Skipped, Unreadable
from fit_service.rules.refusals import InvalidValueError, Place

T = TypeVar("T")


def read_each(rows: Iterable[tuple[Place, T | Unreadable]], read: Callable[[Place, T], Row]) -> Iterator[Row]:
    """Read each row; what `read` refuses is told with its place."""
    for place, row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        try:
            yield read(place, row)
        except InvalidValueError as refusal:
            [fault] = refusal.faults
            yield Unreadable(place, fault.field, fault.sentence)


def without_repetitions(rows: Iterable[Row]) -> Iterator[Row]:
    """Skip a reading of the same weight, unit and time as one before: real exports repeat what came by several ways."""
    seen = set()
    for row in rows:
        if isinstance(row, Reading):
            what = row.value, row.unit, row.when, row.member
            if what in seen:
                yield Skipped(row.place, Reason.REPEATED)
                continue
            seen.add(what)
        yield row


def cell(row: Mapping[str, str], name: str) -> str:
    """Return what a row has in the column of this name; "" if nothing."""
    return row.get(name, "")
