"""Files of other services are imported: what a file doesn't say is chosen by whoever sends it, and never guessed."""

import io
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.actions import READ, WRITE, Actions

IMPORT = "/api/body_weight/import"
FOLDER = Path(__file__).parents[1] / "unit" / "imported_files"
WITHINGS = FOLDER / "withings-weight-lb.csv"
NO_ZONE = "The file says the local time and no zone: say with tz, as in Europe/Berlin, which one is meant."


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.app().connect(actions.person()).access


def send(actions: Actions, token: str, file: bytes, media_type: str = "text/csv", **query: str) -> requests.Response:
    return actions.fit("POST", IMPORT, token, params=query, data=file, headers={"Content-Type": media_type})


def shown(actions: Actions, token: str) -> list[tuple[str, str, str]]:
    entries = actions.fit("GET", token=token).json()
    return [(entry["body_weight"], entry["unit"], entry["created_at"]) for entry in entries]


def faults(answer: requests.Response) -> list[tuple[Any, str]]:
    assert answer.status_code == 422, answer.text
    return [(error.get("line") or error.get("place"), error["field"]) for error in answer.json()["errors"]]


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


def test_without_a_zone_each_row_of_local_times_is_named_and_nothing_is_imported(actions: Actions, token: str) -> None:
    refused = send(actions, token, WITHINGS.read_bytes())
    assert faults(refused) == [(line, "tz") for line in (2, 3, 4, 5)]
    assert {error["detail"] for error in refused.json()["errors"]} == {NO_ZONE}
    assert shown(actions, token) == []


def test_a_local_time_that_came_twice_or_never_is_named(actions: Actions, token: str) -> None:
    refused = send(actions, token, WITHINGS.read_bytes(), tz="Europe/Berlin")
    assert faults(refused) == [(2, "clock_changes"), (4, "clock_changes")]
    twice, never = (error["detail"] for error in refused.json()["errors"])
    assert twice == "The local time happened twice in Europe/Berlin, because the clocks were changed."
    assert never == "The local time happened not at all in Europe/Berlin, because the clocks were changed."
    assert shown(actions, token) == []


def test_which_of_two_moments_is_meant_can_be_chosen_but_none_of_no_moments(actions: Actions, token: str) -> None:
    for choice in ("earlier", "later"):
        assert faults(send(actions, token, WITHINGS.read_bytes(), tz="Europe/Berlin", clock_changes=choice)) == [
            (4, "clock_changes")
        ]
    file = b"\n".join(line for line in WITHINGS.read_bytes().splitlines() if b"03-29" not in line)
    for choice, at in (("earlier", "2026-10-25T00:30:00+00:00"), ("later", "2026-10-25T01:30:00+00:00")):
        query = {"tz": "Europe/Berlin", "clock_changes": choice, "dry_run": "true"}
        [first, *_] = send(actions, token, file, **query).json()["dry_run"]["entries"]
        assert (first["place"], first["created_at"]) == ("line 2", at)


def test_rows_of_a_clock_change_can_be_left_out(actions: Actions, token: str) -> None:
    answer = send(actions, token, WITHINGS.read_bytes(), tz="Europe/Berlin", clock_changes="skip").json()
    reason = "Its local time happened twice or not at all, because the clocks were changed."
    assert answer["skipped"] == [{"reason": reason, "count": 2, "places": ["line 2", "line 4"]}]
    assert shown(actions, token) == [
        ("181.4", "lbs", "2026-01-05T06:30:00+00:00"),
        ("180.7", "lbs", "2026-07-03T04:45:10+00:00"),
    ]
    assert {entry["utc_offset"] for entry in actions.fit("GET", token=token).json()} == {"+01:00", "+02:00"}


@pytest.mark.parametrize("zone", ["localtime", "Factory", "Berlin", "Europe/berlin", "+01:00", ""])
def test_only_an_iana_zone_is_a_zone(actions: Actions, token: str, zone: str) -> None:
    assert faults(send(actions, token, WITHINGS.read_bytes(), tz=zone)) == [(None, "tz")]


def test_a_choice_does_not_overrule_what_the_file_says(actions: Actions, token: str) -> None:
    file = (FOLDER / "apple-health-export.xml").read_bytes()
    before = send(actions, token, file, "application/xml", dry_run="true").json()
    choices = {"unit": "kg", "tz": "Asia/Tokyo", "time": "12:00", "dates": "day_first"}
    assert send(actions, token, file, "application/xml", dry_run="true", **choices).json() == before


def test_a_dry_run_stores_nothing_and_tells_what_an_import_then_does(actions: Actions, token: str) -> None:
    file = (FOLDER / "apple-health-export.xml").read_bytes()
    twin = {"body_weight": "82.3", "unit": "kg", "created_at": "2026-01-05T06:30:20Z"}
    stored = actions.fit("POST", token=token, json=twin).json()
    for twins, inserted, merged in (("keep", 6, 0), ("merge", 5, 1)):
        tried = send(actions, token, file, "application/xml", dry_run="true", twins=twins).json()
        foreseen = tried.pop("dry_run")
        assert (tried["inserted"], tried["merged"], tried["warning_count"]) == (inserted, merged, 1)
        [warning] = tried["warnings"]
        assert (warning["place"], warning["warning"], warning["id"]) == ("record 1", "likely_twin", stored["id"])
        assert foreseen["questions"] == []
        assert len(foreseen["entries"]) == inserted
        assert len(shown(actions, token)) == 1
    assert send(actions, token, file, "application/xml", twins="merge").json() == tried
    assert len(shown(actions, token)) == 6
    assert send(actions, token, file, "application/xml", dry_run="true").json()["already_there"] == 5


def test_a_dry_run_needs_the_scope_to_write(actions: Actions) -> None:
    person, app = actions.person(), actions.app()
    reader, writer = (app.connect(person, scopes=[scope]).access for scope in (READ, WRITE))
    assert send(actions, reader, WITHINGS.read_bytes(), dry_run="true").status_code == 403
    assert send(actions, writer, WITHINGS.read_bytes(), dry_run="true").status_code == 200


def test_a_dry_run_names_bad_rows_as_an_import_does(actions: Actions, token: str) -> None:
    file = WITHINGS.read_bytes().replace(b",180.7,", b",eighty,").replace(b"2026-01-05", b"2026-13-05")
    for query in ({}, {"dry_run": "true"}):
        refused = send(actions, token, file, tz="UTC", **query)
        assert faults(refused) == [(3, "body_weight"), (5, "created_at")]


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


def test_a_file_that_is_none_of_the_known_ones_is_refused_with_what_was_found(actions: Actions, token: str) -> None:
    refused = send(actions, token, b"Datum;Gewicht\n05.01.2026;82,5\n")
    assert refused.json()["detail"].endswith(
        "It is Datum;Gewicht, separated by semicolons. Of any other CSV, say with map which column is which."
    )
    assert send(actions, token, b"Datum;Gewicht\n", "application/octet-stream").status_code == 422


def questions(answer: requests.Response) -> dict[str, list[str]]:
    """Which parameters a dry run asks for, each with the places of the rows that need it."""
    assert answer.status_code == 200, answer.text
    return {each["parameter"]: each["places"] for each in answer.json()["dry_run"]["questions"]}


def test_the_pounds_of_fitbit_are_known_by_the_bmi_and_only_where_that_is_decisive(
    actions: Actions, token: str
) -> None:
    file = b"""[
        {"logId": 1, "weight": 181.4, "bmi": 24.31, "date": "01/05/26", "time": "07:30:12"},
        {"logId": 2, "weight": 82.3, "bmi": 24.31, "date": "01/06/26", "time": "07:30:12"},
        {"logId": 3, "weight": 70, "bmi": 24.31, "date": "01/07/26", "time": "07:30:12"},
        {"logId": 4, "weight": 82.3, "date": "01/08/26", "time": "07:30:12"},
        {"logId": 5, "weight": 82.3, "bmi": 0, "date": "01/09/26", "time": "07:30:12"}
    ]"""
    tried = send(actions, token, file, "application/json", dry_run="true", tz="Europe/Berlin")
    assert questions(tried) == {"unit": ["entry 2", "entry 4", "entry 5"]}
    assert [(each["body_weight"], each["unit"]) for each in tried.json()["dry_run"]["entries"]] == [
        ("181.4", "lbs"),
        ("70", "kg"),
    ]
    assert faults(send(actions, token, file, "application/json", tz="Europe/Berlin")) == [
        ("entry 2", "unit"),
        ("entry 4", "unit"),
        ("entry 5", "unit"),
    ]
    [question] = tried.json()["dry_run"]["questions"]
    assert question["meanings"] == {"kg": "82.3 kg", "lbs": "82.3 lbs, which is 37.331 kg"}
    chosen = send(actions, token, file, "application/json", tz="Europe/Berlin", unit="kg").json()
    assert chosen["inserted"] == 5
    assert [unit for _, unit, _ in shown(actions, token)] == ["lbs", "kg", "kg", "kg", "kg"]


def test_a_day_becomes_an_instant_only_with_a_time_and_a_zone(actions: Actions, token: str) -> None:
    file = (FOLDER / "fitbit-weight-2026-01-05.json").read_bytes()
    assert questions(send(actions, token, file, "application/json", dry_run="true")) == {
        "tz": ["entry 1"],
        "time": ["entry 2", "entry 3"],
    }
    with_time = send(actions, token, file, "application/json", dry_run="true", time="07:15")
    assert questions(with_time) == {"tz": ["entry 1", "entry 2", "entry 3"]}
    query = {"tz": "Europe/Berlin", "time": "07:15"}
    assert send(actions, token, file, "application/json", **query).json()["inserted"] == 3
    assert shown(actions, token) == [
        ("181.4", "lbs", "2026-01-05T06:30:12+00:00"),
        ("181", "lbs", "2026-01-06T06:15:00+00:00"),
        ("180.6", "lbs", "2026-02-03T06:15:00+00:00"),
    ]


@pytest.mark.parametrize("time", ["7:15", "24:00", "07:60", "07:15:00", "morning", ""])
def test_a_time_of_day_is_written_with_hours_and_minutes(actions: Actions, token: str, time: str) -> None:
    file = (FOLDER / "fitbit-weight-2026-01-05.json").read_bytes()
    assert faults(send(actions, token, file, "application/json", tz="UTC", time=time)) == [(None, "time")]


RENPHO = 'Time of Measurement,Weight(kg)\n"%s, 07:30:12",82.3\n"%s, 07:31:02",82.1\n'


def test_a_date_that_can_be_read_in_two_ways_is_asked_for(actions: Actions, token: str) -> None:
    file = (FOLDER / "renpho-health.csv").read_bytes()
    tried = send(actions, token, file, dry_run="true", tz="UTC")
    assert questions(tried) == {"dates": ["line 2", "line 3"]}
    [question] = tried.json()["dry_run"]["questions"]
    assert question["meanings"] == {"month_first": "2026-01-05T07:30:12", "day_first": "2026-05-01T07:30:12"}
    for dates, at in (("month_first", "2026-01-05T07:30:12+00:00"), ("day_first", "2026-05-01T07:30:12+00:00")):
        [first, _] = send(actions, token, file, dry_run="true", tz="UTC", dates=dates).json()["dry_run"]["entries"]
        assert (first["body_weight"], first["unit"], first["created_at"]) == ("181.4", "lbs", at)


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (("01/05/2026", "01/13/2026"), ["2026-01-05", "2026-01-13"]),
        (("13/05/2026", "01/06/2026"), ["2026-05-13", "2026-06-01"]),
        (("05/05/2026", "06/06/2026"), ["2026-05-05", "2026-06-06"]),
        (("2026.05.01", "2026.06.01"), ["2026-05-01", "2026-06-01"]),
    ],
)
def test_one_date_that_can_be_read_in_one_way_only_decides_for_the_file(
    actions: Actions, token: str, dates: tuple[str, str], days: list[str]
) -> None:
    answer = send(actions, token, (RENPHO % dates).encode(), dry_run="true", tz="UTC").json()
    assert [each["created_at"][:10] for each in answer["dry_run"]["entries"]] == days


def test_dates_that_contradict_each_other_are_named(actions: Actions, token: str) -> None:
    file = (RENPHO % ("13/05/2026", "01/13/2026")).encode()
    assert faults(send(actions, token, file, tz="UTC")) == [(3, "dates")]
    assert faults(send(actions, token, file, tz="UTC", dates="day_first")) == [(3, "dates")]
    assert faults(send(actions, token, file, tz="UTC", dates="month_first")) == [(2, "dates")]


def test_members_of_a_family_are_told_apart_and_asked_for(actions: Actions, token: str) -> None:
    file = (FOLDER / "zepp-life-BODY_1760000000000.csv").read_bytes()
    assert faults(send(actions, token, file)) == [(line, "member") for line in (2, 3, 4)]
    [question] = send(actions, token, file, dry_run="true").json()["dry_run"]["questions"]
    assert question["meanings"] == {"138.0": "1 weighing", "184.0": "2 weighings"}
    answer = send(actions, token, file, member="184.0").json()
    assert answer["inserted"] == 2
    assert answer["skipped"] == [{"reason": "It is of another member of the family.", "count": 1, "places": ["line 3"]}]
    assert [weight for weight, _, _ in shown(actions, token)] == ["82.3", "81.95"]
    assert send(actions, token, file, member="138.0,184.0").json()["inserted"] == 1


def test_a_file_of_one_person_asks_for_no_member(actions: Actions, token: str) -> None:
    lines = (FOLDER / "zepp-life-BODY_1760000000000.csv").read_bytes().splitlines()
    assert send(actions, token, b"\n".join([lines[0], lines[1], lines[3]])).json()["inserted"] == 2


def test_two_patients_of_a_bundle_are_two_members(actions: Actions, token: str) -> None:
    file = (FOLDER / "fhir-r4-bundle.json").read_bytes().replace(b"Patient/p1", b"Patient/p2", 1)
    query = {"tz": "UTC", "time": "12:00"}
    assert {field for _, field in faults(send(actions, token, file, "application/fhir+json", **query))} == {"member"}
    answer = send(actions, token, file, "application/fhir+json", member="Patient/p2", **query).json()
    assert answer["inserted"] == 1


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


def zipped(**files: bytes) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(f"export/{name}", content)
        return file.getvalue()


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


MAPPED = {"map": '{"body_weight": "Gewicht", "created_at": "Datum"}', "unit": "kg", "tz": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("file", "because"),
    [
        ("Datum;Note;Gewicht\n05.01.2026 07:30;a;82,5\n", "semicolons, decimals are written with a comma"),
        ("Datum\tGewicht\n2026-01-05 07:30\t82.5\n", "tabs, decimals are written with a point"),
        ('Datum,Gewicht\n"5.1.2026, 7:30 AM","82,5"\n', "commas, decimals are written with a comma"),
        ("Gewicht,Datum\n82.5,2026-01-05T07:30:00+01:00\n", "commas, decimals are written with a point"),
        ("Gewicht;Datum\n82,5;1/5/2026 7:30\n80;1/13/2026 7:30\n", "semicolons, decimals are written with a comma"),
    ],
)
def test_the_columns_of_any_other_csv_are_named_and_its_separators_are_seen_and_said(
    actions: Actions, token: str, file: str, because: str
) -> None:
    answer = send(actions, token, file.encode(), **MAPPED)
    assert answer.status_code == 200, answer.text
    assert answer.json()["recognised"] == {
        "format": "mapped_csv",
        "because": f"map names its columns; cells are separated by {because}",
    }
    assert shown(actions, token)[0] == ("82.5", "kg", "2026-01-05T06:30:00+00:00")


def test_a_mapped_file_is_asked_for_what_it_does_not_say(actions: Actions, token: str) -> None:
    file = b"Datum;Gewicht;Einheit\n05.01.2026;82,5;\n06.01.2026 07:00;82,3;lb\n01/02/2026;82,1;kg\n"
    columns = '{"body_weight": "Gewicht", "created_at": "Datum", "unit": "Einheit"}'
    assert questions(send(actions, token, file, map=columns, dry_run="true")) == {
        "time": ["line 2"],
        "tz": ["line 3"],
        "dates": ["line 4"],
    }
    query = {"tz": "UTC", "time": "08:00", "dates": "day_first"}
    assert faults(send(actions, token, file, map=columns, **query)) == [(2, "unit")]
    assert send(actions, token, file, map=columns, unit="kg", **query).json()["inserted"] == 3
    assert shown(actions, token) == [
        ("82.5", "kg", "2026-01-05T08:00:00+00:00"),
        ("82.3", "lbs", "2026-01-06T07:00:00+00:00"),
        ("82.1", "kg", "2026-02-01T08:00:00+00:00"),
    ]


def test_a_row_that_is_written_otherwise_is_named(actions: Actions, token: str) -> None:
    rows = b"05.01.2026 07:30;82,5\n06.01.2026 07:30;1.082,5\n07.01.2026 07:30;82,3 kg\n32.01.2026 07:30;82\n"
    file = b"Datum;Gewicht\n" + rows
    assert faults(send(actions, token, file, **MAPPED)) == [
        (3, "body_weight"),
        (4, "body_weight"),
        (5, "created_at"),
    ]
    commas = b"".join(b"%02d.01.2026 07:30;82,5\n" % day for day in range(1, 20))
    late = b"Datum;Gewicht\n" + commas + b"20.01.2026 07:30;82.5\n"
    assert faults(send(actions, token, late, **MAPPED)) == [(21, "body_weight")]
    mixed = b"Datum;Gewicht\n05.01.2026 07:30;82,5\n06.01.2026 07:30;82.5\n"
    assert faults(send(actions, token, mixed, **MAPPED)) == [(2, "body_weight")]
    assert shown(actions, token) == []


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ('{"body_weight": "Weight", "created_at": "Datum"}', "There is no column Weight. The first line, separated by"),
        ('{"body_weight": "Gewicht", "created_at": "Alt"}', "There is more than one column Alt. The first line"),
        ('{"body_weight": "Gewicht"}', "map must be JSON like"),
        ('{"body_weight": "Gewicht", "created_at": "Datum", "zone": "Datum"}', "map must be JSON like"),
        ('{"body_weight": "Gewicht", "created_at": 1}', "map must be JSON like"),
        ('["Gewicht", "Datum"]', "map must be JSON like"),
        ("Gewicht,Datum", "map can't be read as JSON."),
        ('{"body_weight": "a", "body_weight": "Gewicht", "created_at": "Datum"}', "map can't be read as JSON."),
        (" " * 2049, "map must be JSON like"),
    ],
)
def test_a_map_that_is_not_good_is_named_with_what_was_found(
    actions: Actions, token: str, columns: str, said: str
) -> None:
    file = b"Datum;Gewicht;Alt;Alt\n05.01.2026 07:30;82,5;;\n"
    refused = send(actions, token, file, **{**MAPPED, "map": columns})
    assert faults(refused) == [(None, "map")]
    assert refused.json()["detail"].startswith(said)


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
