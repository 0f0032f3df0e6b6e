"""Files of other services are imported: what a file doesn't say is chosen by whoever sends it, and never guessed."""

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
    assert refused.json()["detail"].endswith("It is Datum;Gewicht, separated by semicolons.")
    assert send(actions, token, b"Datum;Gewicht\n", "application/octet-stream").status_code == 422
