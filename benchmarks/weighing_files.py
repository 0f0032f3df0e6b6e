"""Makes files of daily weighings in the formats that an import reads, and long exports of Apple Health."""

import io
import json
import sqlite3
import struct
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from fitdecode.utils import compute_crc

from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_file import EntryFormat, Person
from fit_service.rules.export_formats import FORMATS
from fit_service.rules.weight import Weight

FIRST = datetime(2025, 1, 1, 6, 30, tzinfo=UTC)
_FIT_EPOCH = 631_065_600
_PERSON = Person("https://auth.example", "0b7f2f5c1d9e4a6f8c3b2a1d0e9f8c7b")
_RECORD = (
    ' <Record type="HKQuantityTypeIdentifier{kind}" sourceName="A watch" sourceVersion="11.2" device="&lt;&lt;HKDevice'
    ': 0x28a0000&gt;, name:Watch, manufacturer:Acme, model:W1&gt;" unit="{unit}" creationDate="{at} +0100" '
    'startDate="{at} +0100" endDate="{at} +0100" value="{value}"/>\n'
)
_OTHERS = 1_000
"""So many records of other kinds are written at a time."""

Weighing = tuple[datetime, int]
"""When, and how many grams."""


def weighings(days: int) -> list[Weighing]:
    """One each morning."""
    return [(FIRST + timedelta(days=day), 82_000 + 37 * day % 1_900) for day in range(days)]


def files(days: int) -> Mapping[str, bytes]:
    """A file of each format, by its name."""
    found = weighings(days)
    written = {name: make(found) for name, make in _MAKERS.items()}
    return {**{each.name: _own(each, found) for each in FORMATS}, **written}


def write_apple_export(path: Path, size: int, weights: int) -> None:
    """Write an export of about so many bytes, in which so many weighings stand evenly among steps."""
    steps = "".join(
        _RECORD.format(kind="StepCount", unit="count", at=f"2025-01-01 10:{n // 60 % 60:02}:{n % 60:02}", value=n)
        for n in range(_OTHERS)
    )
    blocks = max(1, size // len(steps))
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!ELEMENT HealthData ANY>\n]>\n')
        file.write('<HealthData locale="en_US">\n')
        for block in range(blocks):
            file.write(steps)
            for number in range(block * weights // blocks, (block + 1) * weights // blocks):
                at = f"{FIRST + timedelta(hours=number):%Y-%m-%d %H:%M:%S}"
                file.write(_RECORD.format(kind="BodyMass", unit="kg", at=at, value=f"{80 + number % 90 / 10:.1f}"))
        file.write("</HealthData>\n")


def _own(entry_format: EntryFormat, found: list[Weighing]) -> bytes:
    entries = (
        BodyWeightEntry(Weight(Decimal(grams).scaleb(-3), "kg"), at, f"{number:024x}", 1, "mo", utc_offset=60)
        for number, (at, grams) in enumerate(found)
    )
    return "".join(entry_format.write(entries, None, _PERSON)).encode()


def _lines(header: str, line: Callable[[datetime, str], str]) -> Callable[[list[Weighing]], bytes]:
    def make(found: list[Weighing]) -> bytes:
        return (header + "\n" + "".join(f"{line(at, f'{grams / 1000:.2f}')}\n" for at, grams in found)).encode()

    return make


def _json(whole: Callable[[list[object]], object], one: Callable[[datetime, int], object]) -> Callable[..., bytes]:
    return lambda found: json.dumps(whole([one(at, grams) for at, grams in found])).encode()


def _apple(found: list[Weighing]) -> bytes:
    records = "".join(
        _RECORD.format(kind="BodyMass", unit="kg", at=f"{at:%Y-%m-%d %H:%M:%S}", value=grams / 1000)
        for at, grams in found
    )
    return f'<HealthData locale="en_US">\n{records}</HealthData>\n'.encode()


def _health_connect(found: list[Weighing]) -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute("CREATE TABLE weight_record_table (row_id INTEGER PRIMARY KEY, uuid, time, zone_offset, weight)")
        rows = [(int(at.timestamp() * 1000), grams) for at, grams in found]
        made.executemany("INSERT INTO weight_record_table (time, zone_offset, weight) VALUES (?, 3600, ?)", rows)
        made.commit()
        return made.serialize()


def _fit(found: list[Weighing]) -> bytes:
    definition = struct.pack("<BBBHB", 0x40, 0, 0, 30, 2) + struct.pack("6B", 253, 4, 0x86, 0, 2, 0x84)
    messages = (struct.pack("<BIH", 0, int(at.timestamp()) - _FIT_EPOCH, grams // 10) for at, grams in found)
    records = definition + b"".join(messages)
    with io.BytesIO() as file:
        head = struct.pack("<BBHI4s", 14, 16, 100, len(records), b".FIT")
        file.write(head + struct.pack("<H", compute_crc(head)) + records)
        return file.getvalue() + struct.pack("<H", compute_crc(file.getvalue()))


def _health_point(at: datetime, grams: int) -> object:
    sample_time = {"physicalTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "utcOffset": "3600s"}
    source = {"recordingMethod": "AUTOMATIC", "platform": "FITBIT"}
    return {"name": f"w{at:%j}", "dataSource": source, "weight": {"sampleTime": sample_time, "weightGrams": grams}}


def _fit_point(at: datetime, grams: int) -> object:
    nanos = f"{int(at.timestamp())}000000000"
    value = [{"value": {"fpVal": grams / 1000}}]
    return {"fitValue": value, "dataTypeName": "com.google.weight", "startTimeNanos": nanos, "endTimeNanos": nanos}


def _group(at: datetime, grams: int) -> object:
    measures = [{"value": grams, "type": 1, "unit": -3}, {"value": 21_500, "type": 6, "unit": -3}]
    return {"grpid": int(at.timestamp()), "attrib": 0, "date": int(at.timestamp()), "category": 1, "measures": measures}


def _pounds(at: datetime, grams: int) -> object:
    pounds = round(grams / 453.59237, 1)
    bmi = round(grams / 1000 / 1.84**2, 2)
    return {"logId": int(at.timestamp()), "weight": pounds, "bmi": bmi, "date": f"{at:%m/%d/%y}", "time": "07:30:12"}


_MAKERS: Mapping[str, Callable[[list[Weighing]], bytes]] = {
    "apple_health": _apple,
    "withings_csv": _lines('Date,"Weight (kg)",Comments', lambda at, kg: f'"{at:%Y-%m-%d %H:%M:%S}",{kg},'),
    "withings_getmeas": _json(lambda all_of: {"status": 0, "body": {"measuregrps": all_of}}, _group),
    "fitbit": _json(lambda all_of: all_of, _pounds),
    "google_takeout_csv": _lines(
        "timestamp,weight grams,data source", lambda at, kg: f"{at:%Y-%m-%dT%H:%M:%SZ},{float(kg) * 1000:.0f},Scale"
    ),
    "google_fit": _json(lambda all_of: {"Data Source": "com.google.weight", "Data Points": all_of}, _fit_point),
    "google_health_api": _json(lambda all_of: {"dataPoints": all_of}, _health_point),
    "samsung_health": _lines(
        "com.samsung.health.weight,7006011,12\nstart_time,weight,time_offset",
        lambda at, kg: f"{at:%Y-%m-%d %H:%M:%S}.000,{kg},UTC+0100",
    ),
    "zepp_life": _lines(
        "time,weight,height,bmi,fatRate", lambda at, kg: f"{at:%Y-%m-%d %H:%M:%S}+0000,{kg},184.0,24.3,21.5"
    ),
    "renpho": _lines("Time of Measurement,Weight(kg),BMI", lambda at, kg: f'"{at:%Y-%m-%d}, {at:%H:%M:%S}",{kg},24.3'),
    "openscale": _lines(
        '"caliper1","dateTime","lbm","weight"', lambda at, kg: f'"0.0","{at:%Y-%m-%d %H:%M}","0.0","{kg}"'
    ),
    "libra": _lines(
        "#Version: 6\n#Units: kg\n\n#date;weight;weight trend", lambda at, kg: f"{at:%Y-%m-%dT%H:%M:%S}.000Z;{kg};{kg}"
    ),
    "garmin_csv": _lines(
        "Time,Weight,Change,BMI", lambda at, kg: f'" {at:%b} {at.day}, {at.year}",\n7:31 AM,{kg} kg,0.4 kg,24.3'
    ),
    "fit": _fit,
    "health_connect": _health_connect,
    "myfitnesspal": _lines("Date,Weight", lambda at, kg: f"{at:%Y-%m-%d},{kg}"),
}
