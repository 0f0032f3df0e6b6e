"""Reads the rows of CSV and its kin, each with the line at which it ends; whatever can repeat in them has a bound."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO

from fit_service.rules.formats.contract import Unreadable
from fit_service.rules.refusals import Place, TooLongError, UnreadableError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_COLUMNS = 64
MAX_LINES = 250_000
"""A file has at most so many lines, empty ones among them."""
MAX_ROW = 1024 * 1024
"""A row has at most so many bytes."""
NumberedRow = tuple[int, list[str]]


class _Counted(io.RawIOBase):
    """It hands out a file, and counts what one row takes of it, however many lines that has."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read as many bytes as there is room for. Raises TooLongError."""
        view = memoryview(buffer).cast("B")
        part = self._file.read(len(view))
        view[: len(part)] = part
        self.taken += len(part)
        if self.taken > MAX_ROW:
            raise TooLongError(f"A row of the file has more than {MAX_ROW} bytes.")
        return len(part)


def csv_rows(file: BinaryIO, codec: str, delimiter: str = ",") -> Iterator[NumberedRow]:
    """Read rows that are not empty, with their lines.

    `csv.DictReader` would do work for each column of the header at each line, however short.

    Raises UnreadableError and TooLongError.
    """
    counted = _Counted(file)
    lines = io.TextIOWrapper(io.BufferedReader(counted), codec, newline="")
    rows = csv.reader(lines, strict=True, skipinitialspace=True, delimiter=delimiter)
    try:
        for row in rows:
            counted.taken = 0
            if rows.line_num > MAX_LINES:
                raise TooLongError(f"The file has more than {MAX_LINES} lines.")
            if row:
                yield rows.line_num, row
    except UnicodeError:
        raise UnreadableError(f"The file is not {codec.removesuffix('-sig').upper()}.") from None
    except csv.Error as error:
        raise UnreadableError(f"The file is not CSV: {error}, line {rows.line_num}.") from None


def column_names(header: Sequence[str]) -> list[str]:
    """Name the columns; one without a name, as a comma at the end of the line makes, is "". Raises TooLongError."""
    if len(header) > MAX_COLUMNS:
        raise TooLongError(f"The file has more than {MAX_COLUMNS} columns.")
    return [name.strip() for name in header]


def named_rows(rows: Iterator[NumberedRow]) -> Iterator[tuple[Place, Mapping[str, str] | Unreadable]]:
    """Give each value the name that the next row has for its column; rows without any value are passed over.

    With more values than columns, nobody knows which belongs where.
    """
    names = column_names(next(rows, (0, []))[1])
    for line, row in rows:
        place = "line", line
        if any(row[len(names) :]):
            yield place, Unreadable(place, "entry", f"There are {len(row)} values for {len(names)} columns.")
        elif any(row):  # spreadsheets write rows of nothing but commas
            yield place, {name: value.strip() for name, value in zip(names, row, strict=False)}
