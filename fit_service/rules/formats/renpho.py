"""Renpho Health, CSV: the unit only in the name of the column, and dates that each phone writes in its own order."""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import ClockTime, Day, EitherDate, Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import csv_rows, named_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import cell, read_each, tidied
from fit_service.rules.refusals import InvalidValueError, Place

_WEIGHT = re.compile(r"Weight\s?\((kg|lb)\)")
_AT_ONCE, _APART = "Time of Measurement", ("Date", "Time")


def _recognise(head: Head) -> str | None:
    cells = head.cells(0, head.delimiter)
    weight = next((each for each in cells if _WEIGHT.fullmatch(each)), None)
    is_apart = "No." in cells and set(_APART) <= set(cells)
    if weight is None or not (_AT_ONCE in cells or is_apart):
        return None
    return f"its first line names the columns {_AT_ONCE if _AT_ONCE in cells else ', '.join(_APART)} and {weight}"


def _read(file: BinaryIO, codec: str) -> Iterator[Row]:
    delimiter = Head(file.read(4096), codec).delimiter
    file.seek(0)
    return tidied(read_each(named_rows(csv_rows(file, codec, delimiter)), _row))


def _row(place: Place, row: Mapping[str, str]) -> Row:
    name = next((each for each in row if _WEIGHT.fullmatch(each)), "")
    if values.is_nothing(cell(row, name)):
        return Skipped(place, Reason.NO_WEIGHT)
    value, unit = values.amount(row[name], name.partition("(")[2].rstrip(")"))
    when = values.moment(cell(row, _AT_ONCE) or " ".join(cell(row, each) for each in _APART))
    if not isinstance(when, ClockTime | Day | EitherDate):
        raise InvalidValueError("created_at", "It has an offset, which no export of Renpho has.")
    return Reading(place, value, unit, when)


RENPHO = Format("renpho", "Renpho Health, CSV", ("text/csv",), _recognise, _read)
