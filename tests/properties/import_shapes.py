"""What can repeat in the files of other apps and services: each shape with its limit, and what is said above it."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

from fit_service.rules import exact_json
from fit_service.rules.formats import apple_health, csv_rows
from tests.properties.binary_import_shapes import of_databases, of_fit, of_zip
from tests.properties.file_shape import (
    CSV,
    FILE,
    JSON,
    MOST,
    SKIPPED,
    XML,
    FileShape,
    days,
    export,
    of_fitbit,
    weighings,
)


def of_files() -> Iterator[FileShape]:
    """All of them."""
    yield from _of_xml()
    yield from of_zip()
    yield from _of_json()
    yield from _of_csv()
    yield from of_fit()
    yield from of_databases()
    yield from _of_choices()


def _attributes(count: int) -> str:
    return " ".join(f'a{number:06}=""' for number in range(count))


def _of_xml() -> Iterator[FileShape]:
    depth, attributes = apple_health.MAX_DEPTH, apple_health.MAX_ATTRIBUTES
    whole, half = FILE - 200, FILE // 2

    def xml(name: str, limit: int, file: Callable[[int], bytes], said: str | None = None) -> FileShape:
        return FileShape("XML", name, limit, file, XML, said)

    def nested(count: int) -> bytes:
        return export("<a>" * (count - 1) + "</a>" * (count - 1))

    yield xml("elements in each other", depth, nested, f"more than {depth} elements in each other")
    yield xml("elements without end", whole // 3, lambda count: export("<a>" * count))
    yield xml(
        "attributes",
        attributes,
        lambda count: export("<Record " + _attributes(count) + "/>"),
        f"more than {attributes} attributes",
    )
    yield xml(
        "attributes without end",
        FILE // 12,
        lambda count: export("<a " + _attributes(count) + "/>"),
    )
    yield xml("attributes of one name", FILE // 5 - 50, lambda count: export("<a " + 'a="" ' * count + "/>"))
    yield xml("entities", 0, lambda count: export("", '<!ENTITY a "b">' * count or "<!ELEMENT a ANY>"), "an entity")
    yield xml("parameter entities", 0, lambda count: export("", '<!ENTITY % a "b">' * count or " "), "an entity")
    yield xml(
        "declared elements",
        FILE // 25,
        lambda count: export("", "".join(f"<!ELEMENT a{n} ANY>" for n in range(count))),
    )
    yield xml(
        "declared attributes",
        FILE // 30,
        lambda count: export("", "".join(f"<!ATTLIST a b{n} CDATA ''>" for n in range(count))),
    )
    yield xml("a content model", FILE // 3, lambda count: export("", f"<!ELEMENT a {'(' * count}b{')' * count}>"))
    yield xml("characters of an attribute", whole, lambda count: export('<Record type="' + "x" * count + '"/>'))
    yield xml("references to characters", FILE // 6, lambda count: export('<Record type="' + "&lt;" * count + '"/>'))
    yield xml("characters of a text", whole, lambda count: export("x" * count))
    yield xml("characters of a comment", whole, lambda count: export(f"<!--{'x' * count}-->"))
    yield xml("comments", FILE // 8, lambda count: export("<!---->" * count))
    yield xml("a tag without end", whole, lambda count: export("")[:-13] + b"<Record " + b" " * (count - 20))
    yield xml("characters of a name", half, lambda count: export(f"<{'a' * count}/>"))
    yield xml("records of other kinds", FILE // 12, lambda count: export("<Record/>" * count))
    yield xml(
        "digits of a weight",
        32,
        lambda count: export(weighings(1).replace('"82"', '"82.' + "1" * count + '"')),
        "no weight",
    )


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
    yield json_shape("weights of Fitbit", MOST, of_fitbit, f"more than {MOST} entries")
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


def _of_choices() -> Iterator[FileShape]:
    def local(count: int) -> bytes:
        return (
            "Date,Weight (kg),Comments\n" + "".join(f"{day:%Y-%m-%d %H:%M:%S},82,\n" for day in days(count))
        ).encode()

    def twice(count: int) -> bytes:
        return (
            "Date,Weight (kg),Comments\n"
            + "".join(f"2026-10-25 02:{n // 60 % 60:02}:{n % 60:02}.{n:06},82,\n" for n in range(count))
        ).encode()

    def family(count: int) -> bytes:
        rows = (f"{day:%Y-%m-%d %H:%M:%S}+0000,82,{n},1,1\n" for n, day in enumerate(days(count)))
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
        lambda count: (lines + "".join(f"{day:%d.%m.%Y %H:%M};82,5\n" for day in days(count))).encode(),
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
