"""Zepp Life (Mi Fit), `BODY_….csv`: kg, and the weighings of the whole family, told apart by nothing but the height."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import csv_rows, named_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import cell, read_each, tidied
from fit_service.rules.refusals import Place

_COLUMNS = ["weight", "height", "bmi", "fatRate"]
_LONGEST_HEIGHT = 16


def _recognise(head: Head) -> str | None:
    cells = head.cells()
    is_body = cells[:1] in (["time"], ["timestamp"]) and cells[1:5] == _COLUMNS
    return f"its first line names the columns {cells[0]}, {', '.join(_COLUMNS)}" if is_body else None


def _read(file: BinaryIO, codec: str) -> Iterator[Row]:
    return tidied(read_each(named_rows(csv_rows(file, codec)), _row))


def _row(place: Place, row: Mapping[str, str]) -> Row:
    if values.is_nothing(cell(row, "weight")):
        return Skipped(place, Reason.NO_WEIGHT)
    value, unit = values.amount(cell(row, "weight"), "kg")
    seconds = cell(row, "timestamp")
    when = values.of_epoch(seconds) if seconds else values.instant(cell(row, "time"))
    return Reading(place, value, unit, when, member=cell(row, "height")[:_LONGEST_HEIGHT] or "no height")


ZEPP = Format("zepp_life", "Zepp Life (Mi Fit), BODY_….csv", ("text/csv",), _recognise, _read)
