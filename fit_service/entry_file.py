"""Entries as CSV and as JSON, written and read one by one, so that a file of any length needs little memory."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import ijson

from fit_service.body_weight_entry import BodyWeightEntry, NewEntry, new_entry
from fit_service.errors import ProblemError

COLUMNS = ("id", "body_weight", "unit", "created_at")
NEEDED = ("body_weight", "unit", "created_at")
MAX_ERRORS = 100
"""After so many, the rest of a file is not worth reading."""
MAX_DEPTH = 8
"""Of arrays and objects inside each other."""

Row = tuple[int, object]
"""Where it stands in its file, and its members."""


@dataclass(frozen=True, slots=True)
class EntryFormat:
    """One way to write entries down."""

    name: str
    media_type: str
    place: str
    """What the number of a row means: a line (from 1, the header), or an index (from 0)."""
    write: Callable[[Iterable[BodyWeightEntry], str | None], Iterator[str]]
    """With all weights in one unit, or each as it was entered."""
    read: Callable[[IO[bytes]], Iterator[Row]]
    """Raises ProblemError if the file as a whole can't be read."""


def entries_of(file: IO[bytes], entry_format: EntryFormat) -> Iterator[NewEntry]:
    """All entries of a file that was checked. Each needs a `created_at`; what else it has, an `id` too, is ignored."""
    for _, fields in entry_format.read(file):
        yield _entry(fields)


def check(file: IO[bytes], entry_format: EntryFormat) -> int:
    """How many entries a file has. Raises ProblemError that names every row at fault, and its field."""
    count, errors = 0, []
    for place, fields in entry_format.read(file):
        count += 1
        try:
            _entry(fields)
        except ProblemError as problem:
            errors.append({entry_format.place: place, **problem.errors[0]})
            if len(errors) == MAX_ERRORS:
                break
    if errors:
        many = f"{len(errors)} or more" if len(errors) == MAX_ERRORS else str(len(errors))
        raise ProblemError(422, f"Not good: {many} of the entries. Nothing was imported.", errors=errors)
    return count


def _entry(fields: object) -> NewEntry:
    if not isinstance(fields, dict):
        raise ProblemError(422, "An entry must be a JSON object.", field="entry")
    return new_entry(fields)


def _write_csv(entries: Iterable[BodyWeightEntry], unit: str | None) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for entry in entries:  # no value can hold a comma or a quote
        shown = entry.to_json(unit)
        yield ",".join(shown[name] for name in COLUMNS) + "\r\n"


def _read_csv(file: IO[bytes]) -> Iterator[Row]:
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    rows = csv.DictReader(text, strict=True)
    try:
        missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            raise ProblemError(422, f"The first line must name the columns: {', '.join(NEEDED)}.", field=missing[0])
        for row in rows:
            yield rows.line_num, _without_surplus(row)
    except UnicodeDecodeError:
        raise ProblemError(400, "The file is not UTF-8.") from None
    except csv.Error as error:
        raise ProblemError(400, f"The file is not CSV: {error}, line {rows.line_num}.") from None
    finally:
        text.detach()


def _without_surplus(row: Mapping[str | None, Any]) -> object:
    """What is no entry stays none: with more values than columns, nobody knows which belongs where."""
    return None if None in row else row


def _write_json(entries: Iterable[BodyWeightEntry], unit: str | None) -> Iterator[str]:
    separator = "[\n"
    for entry in entries:
        yield separator + json.dumps(entry.to_json(unit))
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


def _read_json(file: IO[bytes]) -> Iterator[Row]:
    """Event by event: ijson's own way to deliver members takes memory with the square of their depth."""
    builder, depth, index = ijson.ObjectBuilder(), 0, 0
    try:
        for event, value in ijson.basic_parse(file):
            depth -= event.startswith("end_")
            if depth > MAX_DEPTH or (depth == 0 and event not in {"start_array", "end_array"}):
                raise ProblemError(400, "The file must be a JSON array of entries.")
            if depth > 0:
                builder.event(event, value)
            if depth == 1 and not event.startswith("start_"):
                yield index, builder.value
                builder, index = ijson.ObjectBuilder(), index + 1
            depth += event.startswith("start_")
    except (ijson.JSONError, UnicodeDecodeError):
        raise ProblemError(400, "The file is not valid JSON.") from None


CSV = EntryFormat("csv", "text/csv", "line", _write_csv, _read_csv)
JSON = EntryFormat("json", "application/json", "index", _write_json, _read_json)
FORMATS = (JSON, CSV)
