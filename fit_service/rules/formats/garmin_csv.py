"""Garmin Connect, `Weight.csv`: the date on a line of its own, below it times and weights with their unit."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Reading, Reason, Row, Skipped, Unreadable
from fit_service.rules.formats.csv_rows import NumberedRow, column_names, csv_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import read_each, tidied
from fit_service.rules.refusals import Place

_COLUMNS = ["Time", "Weight", "Change", "BMI"]
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_FIRST = re.compile(r"([A-Za-z]{3})\w{0,8}\.? (\d\d?), (\d{4})", re.ASCII)
_DAY_FIRST = re.compile(r"(\d\d?)\.? ([A-Za-z]{3})\w{0,8}\.? (\d{4})", re.ASCII)
_WEIGHT = re.compile(r"(\d{1,5}(?:\.\d{1,6})?) (kg|lbs|lb|st)", re.ASCII)
_Weighing = tuple[str | None, list[str]]
"""The date above it, and its cells."""


def _recognise(head: Head) -> str | None:
    is_weight = head.cells()[:4] == _COLUMNS
    return f"its first line names the columns {', '.join(_COLUMNS)}" if is_weight else None


def _read(file: BinaryIO, codec: str) -> Iterator[Row]:
    return tidied(_rows(csv_rows(file, codec)))


def _rows(rows: Iterator[NumberedRow]) -> Iterator[Row]:
    day = None
    column_names(next(rows, (0, []))[1])
    for line, row in rows:
        place = "line", line
        if not any(row[1:]):
            day = _date(row[0].strip())
            yield Skipped(place, Reason.HEADING) if day else Unreadable(place, "created_at", "It is no date.")
        else:
            yield from read_each([(place, (day, row))], _row)


def _date(text: str) -> str | None:
    """Return a date as 2026-01-31; its month is written with an English name."""
    if found := _MONTH_FIRST.fullmatch(text):
        month, day, year = found.groups()
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = found.groups()
    else:
        return None
    number = _MONTHS.index(month.lower()) + 1 if month.lower() in _MONTHS else 0
    return f"{year}-{number:02}-{int(day):02}" if number else None


def _row(place: Place, weighing: _Weighing) -> Row:
    day, row = weighing
    if values.is_nothing(row[1]):
        return Skipped(place, Reason.NO_WEIGHT)
    if day is None:
        return Unreadable(place, "created_at", "No line above it has a date.")
    found = _WEIGHT.fullmatch(row[1].strip())
    if found is None:
        return Unreadable(place, "body_weight", "It is no weight with its unit, as in 82.5 kg.")
    value, unit = values.amount(found[1], found[2])
    return Reading(place, value, unit, values.clock_time(f"{day} {row[0].strip()}"))


GARMIN_CSV = Format("garmin_csv", "Garmin Connect, Weight.csv", ("text/csv",), _recognise, _read)
