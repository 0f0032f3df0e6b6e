"""Health Connect, the database in an export of Android: grams and milliseconds, read by SQLite itself.

The file is in memory only, and nothing that its schema defines is run: the table must be a table, and no view, trigger
or function of the file takes part. This SQL asks the file, and nothing that is stored here.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any, BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Instant, Reading, Reason, Row, Skipped
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import read_each, tidied
from fit_service.rules.refusals import Place, TooLongError, UnreadableError

MAX_BYTES = 64 * 1024 * 1024
MAX_STEPS = 20_000_000
"""SQLite's machine makes at most so many steps, which take less than a second."""
_STEPS_AT_ONCE = 100_000
_MAGIC = b"SQLite format 3\x00"
_TABLE = "weight_record_table"
_SAFELY = ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA query_only = ON")
_IS_TABLE = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? AND sql NOT LIKE 'CREATE VIRTUAL%'"
_WEIGHTS = f"SELECT time, zone_offset, weight FROM {_TABLE} NOT INDEXED ORDER BY rowid"  # noqa: S608 - a constant
LONGEST_VALUE = 10_000


def _recognise(head: Head) -> str | None:
    return "it is an SQLite database, as Health Connect exports one" if head.raw.startswith(_MAGIC) else None


def _read(file: BinaryIO, _codec: str) -> Iterator[Row]:
    return tidied(read_each(_records(file), _row))


def _records(file: BinaryIO) -> Iterator[tuple[Place, Any]]:
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooLongError(f"The database has more than {MAX_BYTES} bytes.")
    left = MAX_STEPS // _STEPS_AT_ONCE

    def count() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
            database.deserialize(content)
            for pragma in _SAFELY:
                database.execute(pragma)
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
            database.set_progress_handler(count, _STEPS_AT_ONCE)
            if database.execute(_IS_TABLE, [_TABLE]).fetchone() is None:
                raise UnreadableError(f"The database has no table {_TABLE}.")
            for number, record in enumerate(database.execute(_WEIGHTS), 1):
                yield ("record", number), record
        except (sqlite3.Error, UnicodeError, OverflowError) as error:
            if left < 0:
                raise TooLongError("The database has more records than can be read at once.") from None
            raise UnreadableError(f"The database can't be read: {str(error)[:100]}.") from None


def _row(place: Place, record: tuple[object, object, object]) -> Row:
    milliseconds, seconds, grams = record
    if grams is None:
        return Skipped(place, Reason.NO_WEIGHT)
    if milliseconds is None:
        return Skipped(place, Reason.NO_TIME)
    value, unit = values.amount(Decimal(repr(grams)) if isinstance(grams, int | float) else grams, "g")
    offset = seconds // 60 if isinstance(seconds, int) and seconds % 60 == 0 and abs(seconds) < 86_400 else None
    return Reading(place, value, unit, Instant(values.of_epoch(milliseconds, 1000).at, offset or None))


HEALTH_CONNECT = Format("health_connect", "Health Connect, the database of an export", (), _recognise, _read)
