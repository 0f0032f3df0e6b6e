"""Libra for Android, CSV: the unit and the header stand in lines that begin with #."""

from collections.abc import Iterator
from typing import BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import MAX_COLUMNS, csv_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import read_each, tidied
from fit_service.rules.refusals import Place, TooLongError

_VERSION, _UNITS = "#version:", "#units:"


def _recognise(head: Head) -> str | None:
    begins = head.lines[0].lower().startswith(_VERSION) and any(each.startswith("#date;weight;") for each in head.lines)
    return f"its first line is {head.lines[0][:32]}, and #date;weight follows" if begins else None


def _read(file: BinaryIO, codec: str) -> Iterator[Row]:
    return tidied(read_each(_weighings(file, codec), _row))


def _weighings(file: BinaryIO, codec: str) -> Iterator[tuple[Place, tuple[list[str], str | None]]]:
    unit = None
    for line, row in csv_rows(file, codec, ";"):
        if len(row) > MAX_COLUMNS:
            raise TooLongError(f"The file has more than {MAX_COLUMNS} columns.")
        if row[0].lower().startswith(_UNITS):
            unit = row[0].partition(":")[2].strip()
        elif not row[0].startswith("#") and any(row):
            yield ("line", line), (row, unit)


def _row(place: Place, weighing: tuple[list[str], str | None]) -> Row:
    row, unit = weighing
    weight = row[1] if len(row) > 1 else ""
    if values.is_nothing(weight):
        return Skipped(place, Reason.NO_WEIGHT)
    value, known = values.amount(weight, unit)
    return Reading(place, value, known, values.moment(row[0]))


LIBRA = Format("libra", "Libra, CSV", ("text/csv",), _recognise, _read)
