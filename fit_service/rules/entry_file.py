"""Entries are written as CSV and JSON one by one, so that an export of any length needs little memory, and read."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from fit_service.rules import exact_json
from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.refusals import Fault, InvalidEntriesError, InvalidValueError, TooLongError, UnreadableError

COLUMNS = ("id", "body_weight", "unit", "created_at", "utc_offset", "origin")
NEEDED = ("body_weight", "unit", "created_at")
MAX_COLUMNS = 64

Row = tuple[int, object]
"""A row is where it stands in its file, and its members, or the InvalidValueError that says why it has none."""


@dataclass(frozen=True, slots=True)
class EntryFormat:
    """A format is one way to write entries down."""

    name: str
    media_type: str
    place: str
    """The number of a row means this: a line (from 1, the header), or an index (from 0)."""
    charsets: Mapping[str, str]
    """The `charset` of the media type may say one of these, and this codec reads it."""
    write: Callable[[Iterable[BodyWeightEntry], str | None], Iterator[str]]
    """It writes all weights in one unit, or each as it was entered."""
    read: Callable[[bytes, str], Iterator[Row]]
    """It reads the whole file with its codec. Raises RefusedError if the file as a whole can't be read."""


def _write_csv(entries: Iterable[BodyWeightEntry], unit: str | None) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for entry in entries:  # no value can hold a comma or a quote
        shown = entry.to_json(unit)
        yield ",".join(str(shown.get(name, "")) for name in COLUMNS) + "\r\n"


def _read_csv(file: bytes, codec: str) -> Iterator[Row]:
    """Read with `csv.reader`: `csv.DictReader` does work for each column of the header at each line, however short."""
    try:
        rows = csv.reader(io.StringIO(file.decode(codec), newline=""), strict=True, skipinitialspace=True)
        names = _column_names(next(rows, []))
        for row in rows:
            if any(row):  # spreadsheets write rows of nothing but commas
                yield rows.line_num, _members(names, row)
    except UnicodeError:
        raise UnreadableError(f"The file is not {codec.removesuffix('-sig').upper()}.") from None
    except csv.Error as error:
        raise UnreadableError(f"The file is not CSV: {error}, line {rows.line_num}.") from None


def _column_names(header: list[str]) -> list[str]:
    """Name the columns; one without a name, as a comma at the end of the line makes, is ""."""
    if len(header) > MAX_COLUMNS:
        raise TooLongError(f"The file has more than {MAX_COLUMNS} columns.")
    names = [name.strip() for name in header]
    repeated = [name for name in names if name and names.count(name) > 1]
    if repeated:
        raise InvalidValueError(repeated[0], f"There are two columns named {repeated[0]}.")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        detail = f"The first line must name the columns, separated by commas: {','.join(NEEDED)}."
        raise InvalidValueError(missing[0], detail)
    return names


def _members(names: list[str], row: list[str]) -> dict[str, str] | InvalidValueError:
    """Give each value its name; with more values than columns, nobody knows which belongs where."""
    if any(row[len(names) :]):
        detail = f"There are {len(row)} values for {len(names)} columns: 82,5 is written 82.5."
        return InvalidValueError("entry", detail)
    return dict(zip(names, row, strict=False))


def _write_json(entries: Iterable[BodyWeightEntry], unit: str | None) -> Iterator[str]:
    separator = "[\n"
    for entry in entries:
        yield separator + json.dumps(entry.to_json(unit))
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


def _read_json(file: bytes, _codec: str) -> Iterator[Row]:
    index = 0
    try:
        for item in exact_json.array_items(file):
            yield index, item
            index += 1
    except exact_json.RepeatedMemberError as error:
        fault = Fault(error.name, str(error), ("index", index))
        raise InvalidEntriesError(f"The file can't be read: {error}", [fault]) from None
    except exact_json.UnreadableJsonError as error:
        raise UnreadableError(f"The file must be a JSON array of entries. {error}") from None


CSV = EntryFormat(
    "csv",
    "text/csv",
    "line",
    {
        "utf-8": "utf-8-sig",
        "us-ascii": "utf-8-sig",
        "utf-16": "utf-16",
        "iso-8859-1": "iso-8859-1",
        "windows-1252": "cp1252",
    },
    _write_csv,
    _read_csv,
)
JSON = EntryFormat("json", "application/json", "index", {"utf-8": "utf-8-sig"}, _write_json, _read_json)
FORMATS = (JSON, CSV)
