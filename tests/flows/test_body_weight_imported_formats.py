"""Files of other services are imported: the shapes of each, and what of them is no weighing."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.support.actions import Actions
from tests.support.imported_files import FOLDER, WITHINGS, faults, questions, send, shown, zipped


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def test_an_export_of_apple_health_is_imported_and_its_other_records_are_told(actions: Actions, token: str) -> None:
    file = (FOLDER / "apple-health-export.xml").read_bytes()
    answer = send(actions, token, file, "application/xml")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "recognised": {"format": "apple_health", "because": "it is XML whose outermost element is HealthData"},
            "inserted": 6,
            "already_there": 0,
            "merged": 0,
            "marked_deleted": 0,
            "skipped": [
                {"reason": "It is the same weighing once more.", "count": 1, "places": ["record 2"]},
                {
                    "reason": "It is a measure of something else.",
                    "count": 3,
                    "places": ["record 4", "record 5", "record 6"],
                },
            ],
            "warnings": [],
            "warning_count": 0,
        },
    )
    assert shown(actions, token) == [
        ("181.4", "lbs", "2026-01-05T06:30:00+00:00"),
        ("82.1", "kg", "2026-01-06T06:31:00+00:00"),
        ("180.7", "lbs", "2026-07-03T04:45:10+00:00"),
        ("180.2", "lbs", "2026-10-25T00:30:00+00:00"),
        ("180.2", "lbs", "2026-10-25T01:30:00+00:00"),
        ("180.118", "lbs", "2026-10-26T06:30:00+00:00"),
    ]
    assert send(actions, token, file, "application/octet-stream").json()["already_there"] == 6


@pytest.mark.clause("XML 1.0 §4.2")
def test_an_export_that_declares_an_entity_is_refused_and_its_dtd_is_not(actions: Actions, token: str) -> None:
    file = (FOLDER / "apple-health-export.xml").read_bytes()
    assert b"<!ATTLIST" in file
    assert send(actions, token, file, "application/xml", dry_run="true").status_code == 200
    for entity in (b'<!ENTITY a "b">', b'<!ENTITY % a "b">', b'<!ENTITY a SYSTEM "file:///nowhere">'):
        refused = send(actions, token, file.replace(b"]>", entity + b"]>"), "application/xml")
        assert (refused.status_code, refused.json()["detail"]) == (
            400,
            "The file declares an entity (a), which no export does.",
        )


@pytest.mark.parametrize(
    ("code", "value", "stored"),
    [("kg", "82.50", ("82.5", "kg")), ("[lb_av]", "181.4", ("181.4", "lbs")), ("g", "82345", ("82.345", "kg"))],
)
def test_the_unit_of_an_observation_is_its_code_and_not_the_word_beside_it(
    actions: Actions, token: str, code: str, value: str, stored: tuple[str, str]
) -> None:
    quantity = f'"value": {value}, "unit": "stone", "system": "http://unitsofmeasure.org", "code": "{code}"'
    [entry] = send(actions, token, observation(quantity), "application/fhir+json", dry_run="true").json()["dry_run"][
        "entries"
    ]
    assert (entry["body_weight"], entry["unit"]) == stored


def test_without_a_code_the_unit_is_asked_for_and_an_unknown_one_is_named(actions: Actions, token: str) -> None:
    file = observation('"value": 82.5, "unit": "kg"')
    assert questions(send(actions, token, file, "application/fhir+json", dry_run="true")) == {"unit": ["resource 1"]}
    file = observation('"value": 82.5, "system": "http://unitsofmeasure.org", "code": "t"')
    assert faults(send(actions, token, file, "application/fhir+json")) == [("resource 1", "unit")]


@pytest.mark.parametrize("status", ["[]", "{}", "1", "null", '"entered-in-error"'])
def test_an_observation_of_another_status_is_left_out(actions: Actions, token: str, status: str) -> None:
    file = observation('"value": 82.5').replace(b'"final"', status.encode())
    answer = send(actions, token, file, "application/fhir+json")
    assert answer.status_code == 200, answer.text
    assert [each["reason"] for each in answer.json()["skipped"]] == [
        "It is marked as entered in error, or as not final."
    ]


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "utf-7", "idna", "nonsense"])
def test_an_export_is_utf_8_whatever_it_declares(actions: Actions, token: str, encoding: str) -> None:
    file = (FOLDER / "apple-health-export.xml").read_bytes().replace(b"UTF-8", encoding.encode(), 1)
    assert send(actions, token, file, "application/xml", dry_run="true").json()["inserted"] == 6


def observation(quantity: str) -> bytes:
    code = '{"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}'
    return (
        f'{{"resourceType": "Observation", "status": "final", "code": {code}, '
        f'"effectiveDateTime": "2026-01-05T06:30:00Z", "valueQuantity": {{{quantity}}}}}\n'
    ).encode()


def test_observations_may_stand_one_after_the_other(actions: Actions, token: str) -> None:
    quantity = '"value": 82.5, "system": "http://unitsofmeasure.org", "code": "kg"'
    line = observation(quantity)
    file = line + line.replace(b"01-05", b"01-06")
    assert send(actions, token, file, "application/fhir+ndjson").json()["inserted"] == 2
    refused = send(actions, token, file[:-9], "application/fhir+ndjson")
    assert (refused.status_code, "after resource 1" in refused.json()["detail"]) == (400, True)


def test_a_scale_that_was_still_calculating_is_not_believed(actions: Actions, token: str) -> None:
    file = (FOLDER / "garmin-weight_scale.fit").read_bytes()
    answer = send(actions, token, file, "application/octet-stream").json()
    assert answer["recognised"] == {"format": "fit", "because": "its ninth to twelfth byte are .FIT"}
    assert answer["skipped"] == [
        {"reason": "The scale was still calculating.", "count": 1, "places": ["message 2"]},
        {"reason": "It has no weight in it.", "count": 1, "places": ["message 3"]},
    ]
    assert [weight for weight, _, _ in shown(actions, token)] == ["82.28", "81.96"]


@pytest.mark.parametrize("spoiled", [lambda file: file[:-3], lambda file: file[:60] + b"\x00" + file[61:]])
def test_a_fit_file_that_is_spoiled_is_refused(actions: Actions, token: str, spoiled: Any) -> None:
    file = spoiled((FOLDER / "garmin-weight_scale.fit").read_bytes())
    refused = send(actions, token, file, "application/octet-stream")
    assert (refused.status_code, refused.json()["detail"][:20]) == (400, "The file is not FIT:")
    assert shown(actions, token) == []


def test_a_file_without_units_or_times_asks_for_both(actions: Actions, token: str) -> None:
    file = b"Date,Body Fat %,Weight\n2026-01-05,21.5,82.3\n2026-01-06,21.4,\n"
    assert questions(send(actions, token, file, dry_run="true")) == {"time": ["line 2"]}
    query = {"unit": "kg", "tz": "Asia/Tokyo", "time": "07:00"}
    assert send(actions, token, file, **query).json()["inserted"] == 1
    assert shown(actions, token) == [("82.3", "kg", "2026-01-04T22:00:00+00:00")]


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        ("DATE,TIME,WEIGHT\n2026-01-05,07:30:05,82.3\n", ("82.3", "lbs", "2026-01-05T07:30:05+00:00")),
        (
            '"bone","comment","dateTime","lbw","weight"\n0.0,,05.01.2026 07:30,0.0,82.3\n',
            ("82.3", "lbs", "2026-01-05T07:30:00+00:00"),
        ),
        (
            (
                "#Version:5\n#Units:kg\n\n#date;weight;weight trend;body fat;body fat trend;comment\n"
                "2026-01-05 07:30:00;82.3;82.3;;;\n"
            ),
            ("82.3", "kg", "2026-01-05T07:30:00+00:00"),
        ),
        (
            '\ufeffTime,Weight,Change,BMI,Body Fat,\n" 5 Jan 2026",\n17:08,82.3 kg,0.9 kg,24.6,21.5 %,\n',
            ("82.3", "kg", "2026-01-05T17:08:00+00:00"),
        ),
        (
            "No.\tDate\tTime\tWeight(kg)\tBMI\n1\t2026.01.05\t20:34:03\t82.3\t24.3\n",
            ("82.3", "kg", "2026-01-05T20:34:03+00:00"),
        ),
        (
            (
                "com.samsung.health.weight,6313004,3\ncom.samsung.health.weight.start_time,"
                "com.samsung.health.weight.weight,com.samsung.health.weight.time_offset\n"
                "2026-01-05 05:10:00.000,82.3,UTC+0200\n"
            ),
            ("82.3", "kg", "2026-01-05T05:10:00+00:00"),
        ),
        (
            "timestamp,weight,height,bmi,fatRate,bodyWaterRate\n1767594600,82.3,184.0,24.3,21.5,54.3\n",
            ("82.3", "kg", "2026-01-05T06:30:00+00:00"),
        ),
    ],
)
def test_other_versions_of_a_format_are_read_too(
    actions: Actions, token: str, file: str, entry: tuple[str, str, str]
) -> None:
    answer = send(actions, token, file.encode(), unit="lbs", tz="UTC")
    assert (answer.status_code, answer.json()["inserted"]) == (200, 1), answer.text
    assert shown(actions, token) == [entry]


def test_a_zip_is_read_for_the_file_that_is_known_in_it(actions: Actions, token: str) -> None:
    export = (FOLDER / "apple-health-export.xml").read_bytes()
    file = zipped(**{"export_cda.xml": b"<ClinicalDocument/>", "export.xml": export, "route.gpx": b"<gpx/>"})
    answer = send(actions, token, file, "application/zip").json()
    assert answer["recognised"]["because"].startswith("in the zip is export/export.xml: it is XML")
    assert (answer["inserted"], answer["skipped"][0]["places"]) == (6, ["record 2"])


def test_an_export_with_a_long_dtd_is_known_in_a_zip_too(actions: Actions, token: str) -> None:
    """A zip's members are known by their first 4 KiB, and Apple's DTD is longer."""
    export = (FOLDER / "apple-health-export.xml").read_bytes()
    export = export.replace(b"]>", b"<!-- more -->" * 500 + b"]>", 1)
    assert send(actions, token, zipped(**{"export.xml": export}), "application/zip").json()["inserted"] == 6


def test_files_of_one_format_in_a_zip_are_read_together_and_places_name_them(actions: Actions, token: str) -> None:
    entry = b'[{"logId": %d, "weight": 181.4, "date": "0%d/05/26", "time": "07:30:12"}]'
    file = zipped(**{"weight-1.json": entry % (1, 1), "weight-2.json": entry % (2, 2), "steps-1.json": b"[]"})
    refused = send(actions, token, file, "application/zip", tz="UTC")
    assert faults(refused) == [("weight-1.json entry 1", "unit"), ("weight-2.json entry 1", "unit")]
    assert send(actions, token, file, "application/zip", tz="UTC", unit="lbs").json()["inserted"] == 2


def test_a_zip_with_files_of_several_formats_or_of_none_is_refused(actions: Actions, token: str) -> None:
    export = (FOLDER / "apple-health-export.xml").read_bytes()
    several = send(actions, token, zipped(**{"a.xml": export, "b.csv": WITHINGS.read_bytes()}), "application/zip")
    assert (several.status_code, "export/a.xml, export/b.csv" in several.json()["detail"]) == (422, True)
    none = send(actions, token, zipped(**{"a.txt": b"hello"}), "application/zip")
    assert (none.status_code, none.json()["detail"]) == (422, "The zip holds no file that is known here.")
    spoiled = send(actions, token, zipped(**{"a.xml": export})[:-30], "application/zip")
    assert spoiled.status_code == 400


WEIGHT_RECORDS = """CREATE TABLE weight_record_table (row_id INTEGER PRIMARY KEY AUTOINCREMENT, uuid BLOB, time INTEGER,
    zone_offset INTEGER, local_date_time INTEGER, weight REAL)"""


def database(schema: str = WEIGHT_RECORDS, *records: tuple[object, object, object]) -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute(schema)
        for record in records:
            made.execute("INSERT INTO weight_record_table (time, zone_offset, weight) VALUES (?, ?, ?)", record)
        made.commit()
        return made.serialize()


def test_the_database_of_health_connect_is_read_in_grams_and_milliseconds(actions: Actions, token: str) -> None:
    records = [
        (1767594600000, 3600, 82345.0),
        (1767681060125, -18000, 82099.99847412109),
        (1767681060126, 3601, 82000.0),
        (1767681060000, 0, None),
        (None, 0, 82000.0),
        (0, 0, 82000.0),
    ]
    answer = send(
        actions, token, zipped(**{"health_connect_export.db": database(WEIGHT_RECORDS, *records)}), "application/zip"
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["recognised"]["format"] == "health_connect"
    assert answer.json()["skipped"] == [
        {"reason": "It has no weight in it.", "count": 1, "places": ["record 4"]},
        {"reason": "It does not say when it was.", "count": 1, "places": ["record 5"]},
        {"reason": "Its date is a placeholder.", "count": 1, "places": ["record 6"]},
    ]
    entries = actions.fit("GET", token=token).json()
    assert [(entry["body_weight"], entry["created_at"], entry.get("utc_offset")) for entry in entries] == [
        ("82.345", "2026-01-05T06:30:00+00:00", "+01:00"),
        ("82.1", "2026-01-06T06:31:00.125000+00:00", "-05:00"),
        ("82", "2026-01-06T06:31:00.126000+00:00", None),
    ]


@pytest.mark.parametrize(
    "file",
    [
        database("CREATE TABLE other (a)"),
        database("CREATE VIEW weight_record_table AS SELECT 1 AS time, 0 AS zone_offset, 82000 AS weight"),
        database()[:5000],
        database().replace(b"zone_offset", b"zone_offsat"),
        b"SQLite format 3\x00" + b"x" * 5000,
    ],
    ids=["another table", "a view", "cut", "another column", "no database"],
)
def test_a_database_that_is_none_of_health_connect_is_refused(actions: Actions, token: str, file: bytes) -> None:
    refused = send(actions, token, file, "application/octet-stream")
    assert (refused.status_code, refused.json()["detail"][:13]) == (400, "The database ")
