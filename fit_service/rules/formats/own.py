"""The Fit API's own files, and what people write by their example: CSV with the columns of an export, JSON entries."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

from fit_service.rules import exact_json
from fit_service.rules.body_weight_entry import MAX_AHEAD, ORIGINS, is_offset, new_entry
from fit_service.rules.entry_file import COLUMNS, NEEDED
from fit_service.rules.formats.contract import Format, Instant, Reading, Reason, Row, Skipped, Unreadable
from fit_service.rules.formats.csv_rows import column_names, csv_rows
from fit_service.rules.formats.head import DELIMITERS, Head
from fit_service.rules.refusals import Fault, InvalidEntriesError, InvalidValueError, Place, UnreadableError

_ANY_TIME = datetime.max.replace(tzinfo=UTC) - MAX_AHEAD
"""Whether an entry may be of a day that is to come is decided where it is known what is stored."""
_DELETION_MARKS = {"deleted", "isdeleted", "deletedat"}
"""Files mark what was deleted by columns and members of these names, of which only letters count."""
_NOT_DELETED = {"false", "no", "n", "f", "null", "none", "nan", "nat"}
_OF_ZERO = " 0.:-"
"""What is written with these only is no mark either: nothing, a dash, zero as any number or date."""
_READABLE = {"utc_offset": is_offset, "origin": ORIGINS.__contains__}
"""These are taken from a file only if they are as an export writes them."""
_SHOWN_HEADER = 100
"""A refusal repeats so many characters of a first line."""


def _recognise_csv(head: Head) -> str | None:
    is_own = set(NEEDED) <= set(head.cells())
    return f"its first line names the columns {', '.join(NEEDED)}" if is_own else None


def _read_csv(file: BinaryIO, codec: str) -> Iterator[Row]:
    rows = csv_rows(file, codec)
    names = _column_names(next(rows, (0, []))[1])
    for line, row in rows:
        place = "line", line
        if any(row[len(names) :]):
            detail = f"There are {len(row)} values for {len(names)} columns: 82,5 is written 82.5."
            yield Unreadable(place, "entry", detail)
        elif any(row):  # spreadsheets write rows of nothing but commas
            yield _row(place, dict(zip(names, row, strict=False)))


def _column_names(header: list[str]) -> list[str]:
    names = column_names(header)
    repeated = [name for name in names if name and names.count(name) > 1]
    if repeated:
        raise InvalidValueError(repeated[0], f"There are two columns named {repeated[0]}.")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        detail = f"The first line must name the columns, separated by commas: {','.join(NEEDED)}."
        raise InvalidValueError(missing[0], f"{detail} {_found(header)}")
    return names


def _found(header: list[str]) -> str:
    line = ",".join(header)
    if not line.strip():
        return "It is empty."
    others = [name for each, name in DELIMITERS.items() if each != "," and each in line]
    separated = f", separated by {others[0]}" if others else ""
    shown = f"{line[:_SHOWN_HEADER]}{'…' if len(line) > _SHOWN_HEADER else ''}"
    return f"It is {shown}{separated}. Of any other CSV, say with map which column is which."


def _recognise_json(head: Head) -> str | None:
    is_own = head.has_members("[", NEEDED)
    return f"it is an array of entries with the members {', '.join(NEEDED)}" if is_own else None


def _read_json(file: BinaryIO, _codec: str) -> Iterator[Row]:
    index = 0
    try:
        for item in exact_json.items(file):
            yield _row(("index", index), item)
            index += 1
    except exact_json.RepeatedMemberError as error:
        fault = Fault(error.name, str(error), ("index", index))
        raise InvalidEntriesError(f"The file can't be read: {error}", [fault]) from None
    except exact_json.UnreadableJsonError as error:
        raise UnreadableError(f"The file must be a JSON array of entries. {error}") from None


def _row(place: Place, fields: object) -> Row:
    if not isinstance(fields, dict):
        return Unreadable(place, "entry", "An entry must be a JSON object.")
    for name in fields:
        if name not in COLUMNS and _marks_deletion(name, fields[name]):
            return Skipped(place, Reason.DELETED)
    try:
        entry = new_entry(_without_others(fields), _ANY_TIME)
    except InvalidValueError as refusal:
        [fault] = refusal.faults
        return Unreadable(place, fault.field, fault.sentence)
    entry_id = fields.get("id")
    known_as = str(entry_id) if isinstance(entry_id, str | int) and entry_id != "" else None
    when = Instant(entry.created_at, entry.utc_offset)
    return Reading(place, entry.weight.amount, entry.weight.unit, when, known_as, entry.origin)


def _without_others(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Other programs' files may have columns with the names of ours and something else in them."""
    read = dict(fields)
    for name, can_be_read in _READABLE.items():
        if name in read and not can_be_read(str(read[name])):
            del read[name]
    return read


def _marks_deletion(name: str, value: object) -> bool:
    is_mark = "".join(filter(str.isalpha, name.lower())) in _DELETION_MARKS
    return is_mark and str(value).lower().strip(_OF_ZERO) not in {"", *_NOT_DELETED}


CSV = Format("csv", "Our own CSV", ("text/csv",), _recognise_csv, _read_csv)
JSON = Format("json", "Our own JSON", ("application/json",), _recognise_json, _read_json)
