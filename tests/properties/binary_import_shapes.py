"""What can repeat in the files of other apps and services that are no text: zips, FIT, databases."""

import io
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing

from fitdecode.utils import compute_crc

from fit_service.rules.formats import fit_file, health_connect, packed, table
from tests.properties.file_shape import (
    ANY,
    FILE,
    MOST,
    SKIPPED,
    ZIP,
    FileShape,
    export,
    of_fitbit,
    weighings,
)


def _zipped(files: dict[str, bytes]) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return file.getvalue()


def of_zip() -> Iterator[FileShape]:
    members, files, unpacked = packed.MAX_MEMBERS, table.MAX_FILES, table.UNPACKED * FILE

    def packed_as(name: str, limit: int, file: Callable[[int], dict[str, bytes]], said: str | None) -> FileShape:
        return FileShape("zip", name, limit, lambda count: _zipped(file(count)), ZIP, said)

    def padded(count: int) -> dict[str, bytes]:
        whole = export(weighings(1))
        return {"export.xml": whole + b" " * (count - len(whole))}

    def with_others(count: int) -> dict[str, bytes]:
        return {"export.xml": export(""), **{f"route{n}.gpx": b"" for n in range(count - 1)}}

    def of_months(count: int) -> dict[str, bytes]:
        return {f"weight{n}.json": of_fitbit(1) for n in range(count)}

    yield packed_as("members", members, with_others, f"more than {members} members")
    yield packed_as("files with weights", files, of_months, f"more than {files} files")
    yield packed_as("bytes that are packed", unpacked, padded, f"more than {unpacked} bytes when it is unpacked")
    yield packed_as("very many bytes that are packed", 20 * unpacked, padded, None)
    yield packed_as("members of 4 KiB", 1_500, lambda count: {f"{n}": b" " * 5_000 for n in range(count)}, None)
    yield packed_as("weighings", MOST, lambda count: {"a.xml": export(weighings(count))}, f"more than {MOST} entries")
    yield packed_as(
        "records of other kinds",
        SKIPPED,
        lambda count: {"a.xml": export("<Record/>" * count)},
        f"more than {SKIPPED} rows that are no weighings",
    )
    yield packed_as(
        "lines of nothing", unpacked // 2, lambda count: {"a.csv": b"timestamp,weight grams\n" + b"\n" * count}, None
    )


def _fit(records: bytes) -> bytes:
    head = struct.pack("<BBHI4s", 14, 16, 100, len(records), b".FIT")
    head += struct.pack("<H", compute_crc(head))
    whole = head + records
    return whole + struct.pack("<H", compute_crc(whole))


def _definition(message: int, fields: list[tuple[int, int, int]]) -> bytes:
    return struct.pack("<BBBHB", 0x40, 0, 0, message, len(fields)) + b"".join(
        struct.pack("BBB", *each) for each in fields
    )


def of_fit() -> Iterator[FileShape]:
    weighing = _definition(30, [(253, 4, 0x86), (0, 2, 0x84)])
    messages, fields = fit_file.MAX_MESSAGES, fit_file.MAX_FIELDS

    def fit(name: str, limit: int, records: Callable[[int], bytes], said: str | None = None) -> FileShape:
        return FileShape("FIT", name, limit, lambda count: _fit(records(count)), ANY, said)

    def weighings(count: int) -> bytes:
        return weighing + b"".join(struct.pack("<BIH", 0, 700_000_000 + 3_600 * n, 8200) for n in range(count))

    too_many = f"more than {messages} messages, or {fields} fields"
    yield fit("weighings", MOST, weighings, f"more than {MOST} entries")
    yield fit("messages without fields", messages - 3, lambda count: _definition(5, []) + b"\x00" * count, too_many)
    of_255 = _definition(5, [(n, 1, 2) for n in range(255)])
    yield fit("definitions", fields // 255, lambda count: of_255 * count, too_many)
    yield fit(
        "messages of 255 fields", fields // 255 - 1, lambda count: of_255 + (b"\x00" + b"\x01" * 255) * count, too_many
    )
    of_bytes, one = _definition(5, [(n, 255, 13) for n in range(15)]), b"\x00" + b"\x01" * 255 * 15
    yield FileShape(
        "FIT",
        "bytes",
        fit_file.MAX_BYTES // 3826,
        lambda count: _zipped({"a.fit": _fit(of_bytes + one * count)}),
        ZIP,
        "more than 1048576 bytes",
    )
    yield fit("bytes of fields", 270, lambda count: of_bytes + one * count)
    yield FileShape("FIT", "files in a file", messages // 2, lambda count: _fit(b"") * count, ANY, too_many)


def of_databases() -> Iterator[FileShape]:
    def records(count: int, weight: str = "82000 + rowid") -> bytes:
        numbers = f"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT {count})"
        return _database(f"{numbers} INSERT INTO weight_record_table SELECT i, i, i * 3600000, 0, {weight} FROM n")

    def made(name: str, limit: int, file: Callable[[int], bytes], said: str | None = None) -> FileShape:
        return FileShape("SQLite", name, limit, lambda count: _zipped({"a.db": file(count)}), ZIP, said)

    yield made("weighings", MOST, lambda count: records(count, "82000 + i"), f"more than {MOST} entries")
    yield made("records without a weight", SKIPPED, lambda count: records(count, "NULL"), f"more than {SKIPPED} rows")
    length = health_connect.LONGEST_VALUE
    yield made("characters of a value", length, lambda count: records(1, f"zeroblob({count})"))
    yield made("tables", 5_000, lambda count: _database(*(f"CREATE TABLE t{n} (a)" for n in range(count))))
    yield made(
        "columns", 1_900, lambda count: _database(f"CREATE TABLE t ({', '.join(f'c{n}' for n in range(count))})")
    )


def _database(*statements: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute("CREATE TABLE weight_record_table (row_id INTEGER PRIMARY KEY, uuid, time, zone_offset, weight)")
        for statement in statements:
            made.execute(statement)
        made.commit()
        return made.serialize()
