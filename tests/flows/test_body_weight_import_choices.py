"""What a file doesn't say is chosen by whoever sends it, and never guessed; a dry run tells what to choose."""

import pytest

from tests.support.actions import READ, WRITE, Actions
from tests.support.imported_files import FOLDER, WITHINGS, faults, questions, send, shown


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


NO_ZONE = "The file says the local time and no zone: say with tz, as in Europe/Berlin, which one is meant."


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
