"""Any other CSV: whoever sends it says which column is which; what separates cells and decimals is seen and said."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from fit_service.rules import exact_json
from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import csv_rows, named_rows
from fit_service.rules.formats.head import DELIMITERS, Head
from fit_service.rules.formats.rows import cell, read_each, tidied
from fit_service.rules.refusals import InvalidValueError, Place

NAME = "mapped_csv"
MAX_LENGTH = 2048
"""The text that says which column is which has at most so many characters."""
_NEEDED, _OTHERS = ("body_weight", "created_at"), ("time", "unit")
_WITH_COMMA, _WITH_POINT = (re.compile(rf"\d{{1,5}}{mark}\d{{1,32}}", re.ASCII) for mark in (",", r"\."))
_SHOWN = 200
"""A refusal repeats so many characters of a first line."""


@dataclass(frozen=True, slots=True)
class Columns:
    """It says which columns hold what."""

    body_weight: str
    created_at: str
    time: str | None = None
    """The time of day, if it stands in a column of its own."""
    unit: str | None = None

    def names(self) -> list[str]:
        """Return the names of all columns that are meant."""
        return [name for name in (self.body_weight, self.created_at, self.time, self.unit) if name is not None]


def parse_columns(text: str, field: str) -> Columns:
    """Read a JSON object with the names of the columns. Raises InvalidValueError."""
    try:
        value = exact_json.parse(text.encode()) if len(text) <= MAX_LENGTH else None
    except exact_json.UnreadableJsonError as error:
        raise InvalidValueError(field, f"{field} can't be read as JSON. {error}") from None
    if (
        not isinstance(value, dict)
        or not set(_NEEDED) <= value.keys() <= {*_NEEDED, *_OTHERS}
        or not all(isinstance(each, str) and each for each in value.values())
    ):
        example = '{"body_weight": "Weight", "created_at": "Date"}'
        raise InvalidValueError(field, f"{field} must be JSON like {example}, with {' and '.join(_OTHERS)} if need be.")
    return Columns(**value)


def mapped(columns: Columns, head: Head, field: str) -> tuple[Format, str]:
    """Return how to read a file that begins so, and what was seen. Raises InvalidValueError if it lacks a column."""
    delimiter = head.delimiter
    header = head.cells(0, delimiter)
    for name in columns.names():
        if header.count(name) != 1:
            how_often = "no column" if name not in header else "more than one column"
            line = f"The first line, separated by {DELIMITERS[delimiter]}, is: {delimiter.join(header)[:_SHOWN]}"
            raise InvalidValueError(field, f"There is {how_often} {name[:64]}. {line}")
    place = header.index(columns.body_weight)
    weights = [row[place] for line in range(1, len(head.lines)) if len(row := head.cells(line, delimiter)) > place]
    has_commas = any(map(_WITH_COMMA.fullmatch, weights)) and not any(map(_WITH_POINT.fullmatch, weights))

    def read(file: BinaryIO, codec: str) -> Iterator[Row]:
        def read_row(place: Place, row: Mapping[str, str]) -> Row:
            return _row(place, row, columns, has_commas=has_commas)

        return tidied(read_each(named_rows(csv_rows(file, codec, delimiter)), read_row))

    decimals = f"decimals are written with {'a comma' if has_commas else 'a point'}"
    because = f"map names its columns; cells are separated by {DELIMITERS[delimiter]}, {decimals}"
    return Format(NAME, "CSV with the columns that map names", ("text/csv",), lambda _: None, read), because


def _row(place: Place, row: Mapping[str, str], columns: Columns, *, has_commas: bool) -> Row:
    weight = cell(row, columns.body_weight)
    if values.is_nothing(weight):
        return Skipped(place, Reason.NO_WEIGHT)
    if has_commas and _WITH_COMMA.fullmatch(weight):
        weight = weight.replace(",", ".")
    elif has_commas and "." in weight:
        raise InvalidValueError("body_weight", f"{weight[:40]} has a point, where others have a comma.")
    unit = cell(row, columns.unit) if columns.unit else ""
    value, known = values.amount(weight, unit or None)
    when = values.moment(f"{cell(row, columns.created_at)} {cell(row, columns.time) if columns.time else ''}".strip())
    return Reading(place, value, known, when)
