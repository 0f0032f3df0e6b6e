"""What can repeat in the files of other apps and services: each shape with its limit, and what is said above it."""

import io
import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from fitdecode.utils import compute_crc

from fit_service.rules import entry_import, exact_json
from fit_service.rules.formats import apple_health, csv_rows, fit_file, health_connect, packed, table
from tests.properties.repeating_shapes import Sent, Shape

IMPORT = "/api/body_weight/import"
FILE = 1024 * 1024
"""Bytes."""
MOST, SKIPPED = entry_import.MAX_ENTRIES, entry_import.MAX_SKIPPED
CSV, JSON, XML, ZIP, ANY = "text/csv", "application/json", "application/xml", "application/zip", table.ANY
FIRST = datetime(1990, 1, 1, 6, 30, tzinfo=UTC)
WEIGHT = "HKQuantityTypeIdentifierBodyMass"


@dataclass(frozen=True)
class FileShape:
    """Something that can repeat in a file."""

    reader: str
    name: str
    limit: int
    file: Callable[[int], bytes]
    media_type: str
    said: str | None = None
    """Just above the limit this is said; None: only the number of bytes is limited."""
    query: str = ""

    def shape(self) -> Shape:
        path = f"{IMPORT}?dry_run=true{self.query}"
        return Shape(
            self.name, self.limit, lambda count: Sent("POST", path, self.file(count), {"Content-Type": self.media_type})
        )


def of_files() -> Iterator[FileShape]:
    """All of them."""
    yield from _of_xml()
    yield from _of_zip()
    yield from _of_json()
    yield from _of_csv()
    yield from _of_fit()
    yield from _of_databases()
    yield from _of_choices()


def _days(count: int) -> list[datetime]:
    return [FIRST + timedelta(days=number) for number in range(count)]


def _export(inside: str, dtd: str = "") -> bytes:
    doctype = f"<!DOCTYPE HealthData [{dtd}]>" if dtd else ""
    return f'<?xml version="1.0"?>{doctype}<HealthData locale="en_US">{inside}</HealthData>'.encode()


def _weighings(count: int) -> str:
    return "".join(
        f'<Record type="{WEIGHT}" unit="kg" value="82" startDate="{day:%Y-%m-%d %H:%M:%S} +0000"/>'
        for day in _days(count)
    )


def _attributes(count: int) -> str:
    return " ".join(f'a{number:06}=""' for number in range(count))


def _of_xml() -> Iterator[FileShape]:
    depth, attributes = apple_health.MAX_DEPTH, apple_health.MAX_ATTRIBUTES
    whole, half = FILE - 200, FILE // 2

    def xml(name: str, limit: int, file: Callable[[int], bytes], said: str | None = None) -> FileShape:
        return FileShape("XML", name, limit, file, XML, said)

    def nested(count: int) -> bytes:
        return _export("<a>" * (count - 1) + "</a>" * (count - 1))

    yield xml("elements in each other", depth, nested, f"more than {depth} elements in each other")
    yield xml("elements without end", whole // 3, lambda count: _export("<a>" * count))
    yield xml(
        "attributes",
        attributes,
        lambda count: _export("<Record " + _attributes(count) + "/>"),
        f"more than {attributes} attributes",
    )
    yield xml(
        "attributes without end",
        FILE // 12,
        lambda count: _export("<a " + _attributes(count) + "/>"),
    )
    yield xml("attributes of one name", FILE // 5 - 50, lambda count: _export("<a " + 'a="" ' * count + "/>"))
    yield xml("entities", 0, lambda count: _export("", '<!ENTITY a "b">' * count or "<!ELEMENT a ANY>"), "an entity")
    yield xml("parameter entities", 0, lambda count: _export("", '<!ENTITY % a "b">' * count or " "), "an entity")
    yield xml(
        "declared elements",
        FILE // 25,
        lambda count: _export("", "".join(f"<!ELEMENT a{n} ANY>" for n in range(count))),
    )
    yield xml(
        "declared attributes",
        FILE // 30,
        lambda count: _export("", "".join(f"<!ATTLIST a b{n} CDATA ''>" for n in range(count))),
    )
    yield xml("a content model", FILE // 3, lambda count: _export("", f"<!ELEMENT a {'(' * count}b{')' * count}>"))
    yield xml("characters of an attribute", whole, lambda count: _export('<Record type="' + "x" * count + '"/>'))
    yield xml("references to characters", FILE // 6, lambda count: _export('<Record type="' + "&lt;" * count + '"/>'))
    yield xml("characters of a text", whole, lambda count: _export("x" * count))
    yield xml("characters of a comment", whole, lambda count: _export(f"<!--{'x' * count}-->"))
    yield xml("comments", FILE // 8, lambda count: _export("<!---->" * count))
    yield xml("a tag without end", whole, lambda count: _export("")[:-13] + b"<Record " + b" " * (count - 20))
    yield xml("characters of a name", half, lambda count: _export(f"<{'a' * count}/>"))
    yield xml("records of other kinds", FILE // 12, lambda count: _export("<Record/>" * count))
    yield xml(
        "digits of a weight",
        32,
        lambda count: _export(_weighings(1).replace('"82"', '"82.' + "1" * count + '"')),
        "no weight",
    )


def _zipped(files: dict[str, bytes]) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return file.getvalue()


def _of_zip() -> Iterator[FileShape]:
    members, files, unpacked = packed.MAX_MEMBERS, table.MAX_FILES, table.UNPACKED * FILE

    def packed_as(name: str, limit: int, file: Callable[[int], dict[str, bytes]], said: str | None) -> FileShape:
        return FileShape("zip", name, limit, lambda count: _zipped(file(count)), ZIP, said)

    def padded(count: int) -> dict[str, bytes]:
        export = _export(_weighings(1))
        return {"export.xml": export + b" " * (count - len(export))}

    def with_others(count: int) -> dict[str, bytes]:
        return {"export.xml": _export(""), **{f"route{n}.gpx": b"" for n in range(count - 1)}}

    def of_months(count: int) -> dict[str, bytes]:
        return {f"weight{n}.json": _fitbit(1) for n in range(count)}

    yield packed_as("members", members, with_others, f"more than {members} members")
    yield packed_as("files with weights", files, of_months, f"more than {files} files")
    yield packed_as("bytes that are packed", unpacked, padded, f"more than {unpacked} bytes when it is unpacked")
    yield packed_as("very many bytes that are packed", 20 * unpacked, padded, None)
    yield packed_as("members of 4 KiB", 1_500, lambda count: {f"{n}": b" " * 5_000 for n in range(count)}, None)
    yield packed_as("weighings", MOST, lambda count: {"a.xml": _export(_weighings(count))}, f"more than {MOST} entries")
    yield packed_as(
        "records of other kinds",
        SKIPPED,
        lambda count: {"a.xml": _export("<Record/>" * count)},
        f"more than {SKIPPED} rows that are no weighings",
    )
    yield packed_as(
        "lines of nothing", unpacked // 2, lambda count: {"a.csv": b"timestamp,weight grams\n" + b"\n" * count}, None
    )


def _fitbit(count: int) -> bytes:
    items = (
        f'{{"logId":1,"weight":82,"date":"{day:%m/%d}/{day.year % 100:02}","time":"07:30:01"}}' for day in _days(count)
    )
    return f"[{','.join(items)}]".encode()


def _of_json() -> Iterator[FileShape]:
    group = '{"category":1,"date":%d,"measures":[%s]}'
    weight = '{"type":1,"value":%s,"unit":%s}'

    def getmeas(groups: str, beside: str = "") -> bytes:
        return f'{{"status":0,"body":{{{beside}"measuregrps":[{groups}]}}}}'.encode()

    def json_shape(name: str, limit: int, file: Callable[[int], bytes], said: str | None = None) -> FileShape:
        return FileShape("JSON", name, limit, file, JSON, said)

    members, digits = exact_json.MAX_MEMBERS, exact_json.MAX_NUMBER_LENGTH
    room = FILE - 200
    yield json_shape(
        "members beside the items",
        members - 1,
        lambda count: getmeas("", "".join(f'"m{n}":0,' for n in range(count))),
        f"more than {members} members",
    )
    yield json_shape(
        "digits",
        digits,
        lambda count: getmeas("", f'"n":{"1" * count},'),
        f"more than {digits} characters",
    )
    yield json_shape(
        "a power of ten", 20, lambda count: getmeas(group % (1, weight % (82 * 10**count, -count))), "no value and unit"
    )
    yield json_shape("digits of an instant", 12, lambda count: getmeas(group % (int("1" * count), weight % (82, 0))))
    yield json_shape("measures of a group", room // 9, lambda count: getmeas(group % (1, ",".join(["{}"] * count))))
    yield json_shape("groups that are goals", room // 16, lambda count: getmeas(",".join(['{"category":2}'] * count)))
    yield json_shape("groups that are none", room // 2, lambda count: getmeas(",".join("1" * count)))
    yield json_shape("arrays in arrays", room // 2, lambda count: getmeas("[" * count + "]" * count))
    yield json_shape("characters of a string", room, lambda count: getmeas(json.dumps("x" * count)))
    yield json_shape("weights of Fitbit", MOST, _fitbit, f"more than {MOST} entries")
    coding = '{"system":"http://loinc.org","code":"29463-7"}'
    observation = '{"resourceType":"Observation","status":"final","code":{"coding":[%s]},%s}'
    quantity = '"valueQuantity":{"value":82,"code":"kg","system":"http://unitsofmeasure.org"},"effectiveDateTime":"%s"'
    yield json_shape(
        "codings",
        room // 50,
        lambda count: (observation % (",".join([coding] * count), quantity % "2026-01-05")).encode(),
    )
    yield json_shape(
        "observations of others",
        room // 45,
        lambda count: (
            b'{"resourceType":"Bundle","entry":['
            + b",".join([b'{"resource":{"resourceType":"Observation"}}'] * count)
            + b"]}"
        ),
    )
    yield json_shape(
        "characters of a date",
        64,
        lambda count: (observation % (coding, quantity % "2026-01-05".ljust(count))).encode(),
        "is no date",
    )
    point = '{"header":{"schema_id":{"name":"body-weight"}},"body":{"body_weight":{}}}'
    yield json_shape("data points", room // 76, lambda count: f"[{','.join([point] * count)}]".encode())


def _of_csv() -> Iterator[FileShape]:
    columns, room = csv_rows.MAX_COLUMNS, FILE - 200
    said = f"more than {columns} columns"
    headers = {
        "Withings": 'Date,"Weight (kg)",Comments',
        "Takeout": "timestamp,weight grams,data source",
        "Samsung": "com.samsung.health.weight,1,1\nstart_time,weight,time_offset",
        "Zepp": "time,weight,height,bmi,fatRate",
        "Renpho": "Time of Measurement,Weight(kg)",
        "openScale": "dateTime,weight,lbm,caliper1",
        "Garmin": "Time,Weight,Change,BMI",
    }
    for reader, header in headers.items():
        fixed = header.rpartition("\n")[2].count(",") + 1
        yield FileShape(
            reader,
            "columns",
            columns - fixed,
            lambda count, header=header: (header + "".join(f",c{n}" for n in range(count)) + "\n").encode(),
            CSV,
            said,
        )
        yield FileShape(
            reader,
            "lines of one letter",
            room // 2,
            lambda count, header=header: (header + "\n" + "x\n" * count).encode(),
            CSV,
        )
        yield FileShape(
            reader,
            "lines of commas",
            room // 2,
            lambda count, header=header: (header + "\n" + ",\n" * count).encode(),
            CSV,
        )
        yield FileShape(
            reader, "fields of a line", room, lambda count, header=header: (header + "\n" + "," * count).encode(), CSV
        )
        yield FileShape(
            reader,
            "lines of a field",
            131_000,
            lambda count, header=header: (header + '\n"' + "\n" * count + '"\n').encode(),
            CSV,
        )
    libra = "#Version: 6\n#Units: kg\n#date;weight;\n"
    yield FileShape("Libra", "columns", columns, lambda count: (libra + ";" * (count - 1) + "\n").encode(), CSV, said)
    yield FileShape(
        "Libra",
        "lines without a weight",
        SKIPPED,
        lambda count: (libra + "x;\n" * count).encode(),
        CSV,
        f"more than {SKIPPED} rows",
    )
    yield FileShape("Libra", "comments", room // 2, lambda count: (libra + "#\n" * count).encode(), CSV)
    dates = "Time,Weight,Change,BMI\n"
    lines = headers["Takeout"] + "\n"
    most = csv_rows.MAX_LINES
    yield FileShape(
        "CSV",
        "lines",
        most - 1,
        lambda count: (lines + "\n" * (count - 1) + ",,\n").encode(),
        CSV,
        f"more than {most} lines",
    )
    yield FileShape("Garmin", "dates", room // 15, lambda count: (dates + '" Jan 6, 2026"\n' * count).encode(), CSV)
    fractions = 'Date,"Weight (kg)",Comments\n2026-01-05 07:30:00.%s,82,\n'
    yield FileShape(
        "Withings",
        "digits of a second",
        32,
        lambda count: (fractions % ("1" * count)).encode(),
        CSV,
        "no date",
        "&tz=UTC",
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


def _of_fit() -> Iterator[FileShape]:
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


def _of_databases() -> Iterator[FileShape]:
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


def _of_choices() -> Iterator[FileShape]:
    def local(count: int) -> bytes:
        return (
            "Date,Weight (kg),Comments\n" + "".join(f"{day:%Y-%m-%d %H:%M:%S},82,\n" for day in _days(count))
        ).encode()

    def twice(count: int) -> bytes:
        return (
            "Date,Weight (kg),Comments\n"
            + "".join(f"2026-10-25 02:{n // 60 % 60:02}:{n % 60:02}.{n:06},82,\n" for n in range(count))
        ).encode()

    def family(count: int) -> bytes:
        rows = (f"{day:%Y-%m-%d %H:%M:%S}+0000,82,{n},1,1\n" for n, day in enumerate(_days(count)))
        return ("time,weight,height,bmi,fatRate\n" + "".join(rows)).encode()

    most = f"more than {MOST} entries"
    yield FileShape("choices", "local times without a zone", MOST, local, CSV, most)
    yield FileShape("choices", "local times", MOST, local, CSV, most, "&tz=Europe/Berlin")
    yield FileShape("choices", "local times that came twice", MOST, twice, CSV, most, "&tz=Europe/Berlin")
    yield FileShape("choices", "members of a family", MOST, family, CSV, most)
    columns = quote('{"body_weight": "w", "created_at": "d"}')
    lines = "d;w\n"
    yield FileShape(
        "map",
        "weighings",
        MOST,
        lambda count: (lines + "".join(f"{day:%d.%m.%Y %H:%M};82,5\n" for day in _days(count))).encode(),
        CSV,
        most,
        f"&tz=Europe/Berlin&unit=kg&map={columns}",
    )
    yield FileShape(
        "map",
        "lines of one letter",
        FILE // 2 - 9,
        lambda count: (lines + "x\n" * count).encode(),
        CSV,
        query=f"&map={columns}",
    )
