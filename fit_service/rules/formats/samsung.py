"""Samsung Health, `com.samsung.health.weight.….csv`: a line with the name of the table, then the header; kg and UTC."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import ClockTime, Format, Instant, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import csv_rows, named_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import cell, read_each, tidied
from fit_service.rules.refusals import InvalidValueError, Place

_TABLE = "com.samsung.health.weight"
_PLACEHOLDER_YEAR = 1970
"""The weight that a profile begins with is of that year."""


def _recognise(head: Head) -> str | None:
    return f"its first line names the table {_TABLE}" if head.cells()[:1] == [_TABLE] else None


def _read(file: BinaryIO, codec: str) -> Iterator[Row]:
    rows = csv_rows(file, codec)
    next(rows, None)
    return tidied(read_each(named_rows(rows), _row))


def _row(place: Place, row: Mapping[str, str]) -> Row:
    weight, start, ahead = (
        cell(row, name) or cell(row, f"{_TABLE}.{name}") for name in ("weight", "start_time", "time_offset")
    )
    offset = values.offset(ahead) if ahead else None
    when = values.of_epoch(start, 1000) if start.isdigit() else values.moment(start)
    if not isinstance(when, ClockTime | Instant):
        raise InvalidValueError("created_at", "start_time has no time of day.")
    at = values.in_utc(when)
    if at.year == _PLACEHOLDER_YEAR:
        return Skipped(place, Reason.PLACEHOLDER)
    if values.is_nothing(weight):
        return Skipped(place, Reason.NO_WEIGHT)
    value, unit = values.amount(weight, "kg")
    return Reading(place, value, unit, Instant(at, offset or None))


SAMSUNG = Format("samsung_health", f"Samsung Health, {_TABLE}.….csv", ("text/csv",), _recognise, _read)
