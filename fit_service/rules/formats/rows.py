"""What all formats do with the rows of a file: name what can't be read, and skip what says nothing new."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Instant, Reading, Reason, Row, Skipped, Unreadable
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


def tidied(rows: Iterable[Row]) -> Iterator[Row]:
    """Skip a reading of the same weight, unit and time as one before, and one of the very beginning of 1970.

    Real exports repeat what came by several ways, and zero is how programs write a time that they don't know.
    """
    seen = set()
    for row in rows:
        if isinstance(row, Reading):
            what = row.value, row.unit, row.when, row.member, row.id
            if what in seen:
                yield Skipped(row.place, Reason.REPEATED)
                continue
            if isinstance(row.when, Instant) and row.when.at == values.EPOCH:
                yield Skipped(row.place, Reason.PLACEHOLDER)
                continue
            seen.add(what)
        yield row


def cell(row: Mapping[str, str], name: str) -> str:
    """Return what a row has in the column of this name; "" if nothing."""
    return row.get(name, "")
