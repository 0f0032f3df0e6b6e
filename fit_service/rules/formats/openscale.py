"""openScale, CSV: version 2 always in kg whatever the app shows; of 1 and 3 the unit is not known. Local times."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Instant, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import csv_rows, named_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import cell, read_each, tidied
from fit_service.rules.refusals import InvalidValueError, Place

_ONE, _TWO, _THREE = (
    {"dateTime", "weight", "lbw"},
    {"dateTime", "weight", "lbm", "caliper1"},
    {"DATE", "TIME", "WEIGHT"},
)


def _recognise(head: Head) -> str | None:
    cells = set(head.cells())
    for version, columns in ((2, _TWO), (1, _ONE), (3, _THREE)):
        if columns <= cells:
            return f"its first line names the columns {', '.join(sorted(columns))}, as version {version} does"
    return None


def _read(file: BinaryIO, codec: str) -> Iterator[Row]:
    return tidied(read_each(named_rows(csv_rows(file, codec)), _row))


def _row(place: Place, row: Mapping[str, str]) -> Row:
    weight = cell(row, "weight") or cell(row, "WEIGHT")
    value, unit = (None, None) if values.is_nothing(weight) else values.amount(weight, "kg" if "lbm" in row else None)
    if not value:  # 0.0 is how it writes what was not measured
        return Skipped(place, Reason.NO_WEIGHT)
    when = values.moment(cell(row, "dateTime") or f"{cell(row, 'DATE')} {cell(row, 'TIME')}".strip())
    if isinstance(when, Instant):
        raise InvalidValueError("created_at", "It has an offset, which no export of openScale has.")
    return Reading(place, value, unit, when)


OPENSCALE = Format("openscale", "openScale 1.7, 2 and 3, CSV", ("text/csv",), _recognise, _read)
