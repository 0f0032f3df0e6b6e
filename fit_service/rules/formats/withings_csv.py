"""Withings, `weight.csv` of an account's export: local times, and the unit only in the name of the column."""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import csv_rows, named_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import cell, read_each, tidied
from fit_service.rules.refusals import Place

_WEIGHT = re.compile(r"Weight \((kg|lb)\)")


def _recognise(head: Head) -> str | None:
    cells = head.cells()
    is_export = cells[:1] == ["Date"] and len(cells) > 2 and _WEIGHT.fullmatch(cells[1]) and "Comments" in cells
    return f"its first line names the columns Date, {cells[1]} and Comments" if is_export else None


def _read(file: BinaryIO, codec: str) -> Iterator[Row]:
    return tidied(read_each(named_rows(csv_rows(file, codec)), _row))


def _row(place: Place, row: Mapping[str, str]) -> Row:
    name = next((each for each in row if _WEIGHT.fullmatch(each)), "")
    if values.is_nothing(cell(row, name)):
        return Skipped(place, Reason.NO_WEIGHT)
    value, unit = values.amount(row[name], name.partition("(")[2].rstrip(")"))
    return Reading(place, value, unit, values.clock_time(cell(row, "Date")))


WITHINGS_CSV = Format("withings_csv", "Withings, weight.csv of an export", ("text/csv",), _recognise, _read)
