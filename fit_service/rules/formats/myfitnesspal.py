"""MyFitnessPal, CSV of measurements: days without a time, weights without a unit."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Day, EitherDate, Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import csv_rows, named_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import cell, read_each, tidied
from fit_service.rules.refusals import InvalidValueError, Place

_COLUMNS = (["Date", "Body Fat %", "Weight"], ["Date", "Weight"])


def _recognise(head: Head) -> str | None:
    cells = head.cells()
    return f"its first line names the columns {', '.join(cells)} and no others" if cells in _COLUMNS else None


def _read(file: BinaryIO, codec: str) -> Iterator[Row]:
    return tidied(read_each(named_rows(csv_rows(file, codec)), _row))


def _row(place: Place, row: Mapping[str, str]) -> Row:
    if values.is_nothing(cell(row, "Weight")):
        return Skipped(place, Reason.NO_WEIGHT)
    value, _ = values.amount(cell(row, "Weight"))
    when = values.moment(cell(row, "Date"))
    if not isinstance(when, Day | EitherDate):
        raise InvalidValueError("created_at", "It has a time, which no export of MyFitnessPal has.")
    return Reading(place, value, None, when)


MYFITNESSPAL = Format("myfitnesspal", "MyFitnessPal, CSV of measurements", ("text/csv",), _recognise, _read)
