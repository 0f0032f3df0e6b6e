"""What can repeat in what the Fit API reads: files and batches, beside any JSON and any head."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from flask import Flask

from fit_service.api import body_weight_batch
from fit_service.rules import client_record, entry_batch, entry_import
from fit_service.rules.formats import csv_rows, table
from fit_service.web import access
from tests.properties.import_shapes import of_files
from tests.properties.repeating_shapes import JSON, Sent, Shape, of_heads, of_json, with_routes

FILE = 1024 * 1024
"""Bytes."""
UNPACKED = table.UNPACKED * FILE
MOST = entry_import.MAX_ENTRIES
DELETED = entry_import.MAX_SKIPPED
BATCH, IMPORT = "/api/body_weight/batch", "/api/body_weight/import"
ROOMS = {BATCH: body_weight_batch.MAX_BODY, IMPORT: FILE}
AROUND = {BATCH: '{"entries": [%s]}', IMPORT: "[%s]"}
AT = "2026-01-05T06:30:00Z"
HEADER, ROW = "body_weight,unit,created_at", f"82.5,kg,{AT}"
OTHERS = csv_rows.MAX_COLUMNS - HEADER.count(",") - 1
"""Columns that a file may have beside the needed ones."""


def of_the_fit_api(app: Flask) -> Iterator[tuple[str, Shape]]:
    """All of them, each with what reads it."""
    for method, path in with_routes(app):
        if path.startswith("/api/"):
            room, around = ROOMS.get(path, access.MAX_BODY), AROUND.get(path, "%s")
            yield from ((f"{method} {path}", shape) for shape in of_json(method, path, room, around))
    yield from (("CSV", Shape(name, limit, _file(text))) for name, limit, text in _texts())
    yield from (("CSV", Shape(name, limit, _file(_entries(apart)))) for name, limit, apart in _DISTANCES)
    yield from (("gzip", shape) for shape in _packed())
    yield from ((each.reader, each.shape()) for each in of_files())
    yield from (("batch", shape) for shape in _batches())
    yield from (("an app's own record", shape) for shape in _records())
    yield from (("head", shape) for shape in of_heads("GET", "/api/body_weight/"))


def _file(text: Callable[[int], str]) -> Callable[[int], Sent]:
    return lambda count: Sent("POST", IMPORT, text(count).encode(), {"Content-Type": "text/csv"})


def _texts() -> Iterator[tuple[str, int, Callable[[int], str]]]:
    whole, half = FILE - 200, FILE // 2 - 200
    yield "columns", OTHERS, lambda count: f"{HEADER}{_names(count)}\n{ROW}\n"
    yield "very many columns", FILE // 20, lambda count: f"{HEADER}{_names(count)}" + f"\n{ROW}" * 1000
    yield "lines of 64 columns", MOST, lambda count: f"{HEADER}{_names(OTHERS)}" + f"\n{ROW}" * count
    yield "columns of one name", FILE // 12, lambda count: f"{HEADER}{',unit' * count}\n{ROW}\n"
    yield "fields of a line", whole, lambda count: f"{HEADER}\n{ROW}{',' * count}\n"
    yield "lines of commas", half, lambda count: f"{HEADER}\n{ROW}\n" + ",\n" * count
    yield "lines", csv_rows.MAX_LINES - 2, lambda count: f"{HEADER}\n{ROW}\n" + "\n" * count
    yield "empty lines", whole, lambda count: f"{HEADER}\n{ROW}\n" + "\n" * count
    yield "lines that are marked deleted", DELETED, lambda count: f"deleted,{HEADER}\n" + "1\n" * count
    yield "lines that are no entry", half, lambda count: f"{HEADER}\n" + "x\n" * count
    yield "characters of a field", 131_072, lambda count: f'{HEADER},note\n{ROW},"{"x" * count}"\n'
    yield "quotes", half, lambda count: f'{HEADER},note\n{ROW},"' + '""' * count + '"\n'
    yield "digits", 64, lambda count: f"{HEADER}\n{'1' * count},kg,{AT}\n"
    yield "digits of a second", 100_000, lambda count: f"{HEADER}\n82,kg,2026-01-05T06:30:00.{'1' * count}Z\n"


_DISTANCES = (
    ("entries", MOST, timedelta(minutes=9)),
    ("entries far apart", MOST, timedelta(days=2)),
    ("entries within a minute", MOST, timedelta(milliseconds=3)),
    ("entries of one instant", MOST, timedelta()),
)


def _entries(apart: timedelta) -> Callable[[int], str]:
    first = datetime(1900, 1, 1, tzinfo=UTC)

    def text(count: int) -> str:
        lines = (f"8{number % 10},kg,{first + number * apart:%Y-%m-%dT%H:%M:%S.%fZ}" for number in range(count))
        return "\n".join([HEADER, *lines])

    return text


def _names(count: int) -> str:
    return "".join(f",c{number:x}" for number in range(count))


def _packed() -> Iterator[Shape]:
    file = f"{HEADER}\n{ROW}\n".encode()
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}

    def padded(count: int) -> Sent:
        return Sent("POST", IMPORT, gzip.compress(file + b"\n" * (count - len(file)), compresslevel=1), headers)

    def packed(lines: str) -> Sent:
        return Sent("POST", IMPORT, gzip.compress(file + lines.encode(), compresslevel=1), headers)

    yield Shape("bytes that are packed", UNPACKED, padded)
    yield Shape("lines of commas that are packed", UNPACKED // 2, lambda count: packed(",\n" * count))
    yield Shape("marks that are packed", UNPACKED // 2, lambda count: packed("x\n" * count))
    yield Shape("very many bytes that are packed", 100 * FILE, padded)
    yield Shape("packed members", 5_000, lambda count: Sent("POST", IMPORT, gzip.compress(b"") * count, headers))


def _batches() -> Iterator[Shape]:
    most = entry_batch.MAX_ENTRIES
    good = {"body_weight": 80, "unit": "kg", "created_at": AT}
    apart = [{**good, "created_at": f"{1900 + n // 12:04}-{n % 12 + 1:02}-01T00:00:00Z"} for n in range(most + 1)]
    for name, entries in (("equal", [good] * (most + 1)), ("bad", [{}] * (most + 1)), ("scattered", apart)):
        yield Shape(f"{name} entries", most, lambda count, entries=entries: _batch(entries[:count]))


def _records() -> Iterator[Shape]:
    """Each batch is of records of its own: what costs most is the first time and the last."""
    most, good = entry_batch.MAX_ENTRIES, {"body_weight": 80, "unit": "kg", "created_at": AT}

    def send(members: dict[str, object]) -> Sent:
        body = json.dumps({**good, "client_record_id": "a", **members})
        return Sent("POST", "/api/body_weight/", body.encode(), {"Content-Type": JSON})

    def records(count: int, version: int, name: str) -> Sent:
        return _batch(
            [{**good, "client_record_id": f"{name}{n}", "client_record_version": version} for n in range(count)]
        )

    def versions(count: int) -> Sent:
        versions = ({"client_record_version": n, "body_weight": 60 + n % 90} for n in range(count))
        return _batch([{**good, "client_record_id": f"v{count}", **each} for each in versions])

    length = client_record.MAX_LENGTH
    yield Shape("characters of an id", length, lambda count: send({"client_record_id": "x" * count}))
    yield Shape("digits of a version", 16, lambda count: send({"client_record_version": int("9" * count)}))
    yield Shape("new records", most, lambda count: records(count, 0, "r"))
    yield Shape("records that were sent before", most, lambda count: records(count, 0, "r"))
    yield Shape("records of which only the version is new", most, lambda count: records(count, 1, "r"))
    yield Shape("versions of one record", most, versions)
    path = "/api/body_weight/?client_record_id="
    yield Shape("characters of an id that is looked up", length, lambda count: Sent("GET", path + "x" * count))
    yield Shape("characters of an id that is deleted", length, lambda count: Sent("DELETE", path + "x" * count))


def _batch(entries: list[dict[str, object]]) -> Sent:
    return Sent("POST", BATCH, json.dumps({"entries": entries}).encode(), {"Content-Type": JSON})
