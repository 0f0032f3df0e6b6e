"""Nothing is stored wrong without a word: what is likely a mistake is refused, or inserted and told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import text

from tests.support.actions import Actions
from tests.support.stack import Stack
from tests.support.weights import content

LIST, BATCH, IMPORT = "/api/body_weight/", "/api/body_weight/batch", "/api/body_weight/import"
AT = "2026-01-31T06:30:00Z"
GOOD = {"body_weight": "82.5", "unit": "kg", "created_at": AT}
HEADER = "body_weight,unit,created_at"


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def stored(actions: Actions, token: str) -> list[tuple[str, str, str]]:
    entries = actions.fit("GET", token=token).json()
    return [(entry["body_weight"], entry["unit"], entry["created_at"][:19]) for entry in entries]


def batch(actions: Actions, token: str, *entries: object, query: str = "") -> requests.Response:
    return actions.fit("POST", BATCH + query, token, json={"entries": entries})


def imported(actions: Actions, token: str, file: str | bytes, media_type: str = "text/csv", query: str = "") -> Any:
    answer = actions.fit("POST", IMPORT + query, token, data=file, headers={"Content-Type": media_type})
    assert answer.status_code == 200, answer.text
    return answer.json()


def field_of(refused: requests.Response) -> str:
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json"), refused.text
    field: str = refused.json()["errors"][0]["field"]
    return field


@pytest.mark.parametrize("misspelt", ["createdAt", "created", "timestamp", "Created_at", "deleted"])
def test_a_member_that_nobody_knows_is_named_and_nothing_stored(actions: Actions, token: str, misspelt: str) -> None:
    entry = {"body_weight": "82.5", "unit": "kg", misspelt: AT}
    assert field_of(actions.fit("POST", token=token, json=entry)) == misspelt
    [result] = batch(actions, token, entry).json()["results"]
    assert (result["status"], result["errors"][0]["field"]) == (422, misspelt)
    assert field_of(actions.fit("POST", BATCH, token, json={"entries": [GOOD], "allOrNothing": True})) == "allOrNothing"
    assert stored(actions, token) == []
    address = actions.fit("POST", token=token, json=GOOD).headers["Location"]
    assert field_of(actions.fit("PATCH", address, token, json={misspelt: "2026-01-01T06:30:00Z"})) == misspelt


def test_so_is_one_of_a_webhook(actions: Actions, token: str) -> None:
    hook = {"url": "https://app.example/hook", "events": ["created"]}
    assert field_of(actions.fit("POST", "/api/webhooks/", token, json=hook)) == "events"
    assert actions.fit("GET", "/api/webhooks/", token).json() == []


def test_in_a_batch_each_entry_says_when_it_was(actions: Actions, token: str) -> None:
    [result] = batch(actions, token, {"body_weight": "82.5", "unit": "kg"}).json()["results"]
    assert (result["status"], result["errors"][0]["field"]) == (422, "created_at")
    assert stored(actions, token) == []


def test_an_entry_that_was_read_can_be_sent_back_whole(actions: Actions, token: str) -> None:
    entry = actions.fit("POST", token=token, json=GOOD).json()
    changed = actions.fit("PATCH", LIST + entry["id"], token, json={**entry, "body_weight": "81"})
    assert changed.status_code == 200
    assert content(changed.json()) == content(entry, body_weight="81")
    assert field_of(actions.fit("PATCH", LIST + entry["id"], token, json={**entry, "id": "0" * 24})) == "id"


TWICE = '{"body_weight": "82.5", "unit": "kg", "body_weight": "83", "created_at": "2026-01-31T06:30:00Z"}'


@pytest.mark.clause("RFC 8259 §4")
def test_what_stands_twice_is_refused(actions: Actions, token: str) -> None:
    as_json = {"Content-Type": "application/json"}
    for path, body in ((LIST, TWICE), (BATCH, f'{{"entries": [{TWICE}]}}'), (IMPORT, f"[{json.dumps(GOOD)}, {TWICE}]")):
        refused = actions.fit("POST", path, token, data=body, headers=as_json)
        assert field_of(refused) == "body_weight"
    assert refused.json()["errors"][0]["index"] == 1
    file = f"{HEADER},unit\n82.5,kg,{AT},lbs\n"
    assert field_of(actions.fit("POST", IMPORT, token, data=file, headers={"Content-Type": "text/csv"})) == "unit"
    assert stored(actions, token) == []


@pytest.mark.parametrize(
    "mark",
    [
        "deleted,true",
        "is_deleted,1",
        "deletedAt,2026-02-01T06:30:00Z",
        "Deleted,yes",
        "Deleted At,2026-02-01 06:30",
        "is-deleted,t",
        "deleted,1.0",
    ],
)
def test_a_row_that_is_marked_as_deleted_becomes_no_weight(actions: Actions, token: str, mark: str) -> None:
    name, value = mark.split(",")
    file = f"{HEADER},{name}\n82.5,kg,{AT},{value}\n83,kg,2026-02-01T06:30:00Z,\n"
    answer = imported(actions, token, file)
    assert (answer["inserted"], answer["marked_deleted"]) == (1, 1)
    rows = json.dumps([{**GOOD, name: value}, {"id": "0" * 24, "deleted": True}])
    answer = imported(actions, token, rows, "application/json")
    assert (answer["inserted"], answer["marked_deleted"]) == (0, 2)
    assert stored(actions, token) == [("83", "kg", "2026-02-01T06:30:00")]


NOT_DELETED = ("", " ", "0", "false", "No", "f", "NULL", "None", "0.0", "nan", "NaT", "-", "0000-00-00 00:00:00")


def test_a_row_that_is_marked_as_not_deleted_becomes_one(actions: Actions, token: str) -> None:
    file = f"{HEADER},deleted\n" + "".join(
        f"82.5,kg,2026-02-{day:02}T06:30:00Z,{value}\n" for day, value in enumerate(NOT_DELETED, start=1)
    )
    assert imported(actions, token, file)["inserted"] == len(NOT_DELETED)
    rows = json.dumps([{**GOOD, "deleted": value} for value in (None, False, 0, 0.0, "")])
    assert imported(actions, token, rows, "application/json")["marked_deleted"] == 0


def test_nothing_is_weighed_more_than_a_day_from_now(actions: Actions, token: str) -> None:
    """The day is for clocks and time zones that are set wrong. A year that is mistyped hides all newer entries."""
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    entry = {**GOOD, "created_at": later}
    assert field_of(actions.fit("POST", token=token, json=entry)) == "created_at"
    assert batch(actions, token, entry).json()["inserted"] == 0
    refused = actions.fit("POST", IMPORT, token, json=[entry])
    assert field_of(refused) == "created_at"
    address = actions.fit("POST", token=token, json=GOOD).headers["Location"]
    assert field_of(actions.fit("PATCH", address, token, json={"created_at": later})) == "created_at"
    soon = (datetime.now(UTC) + timedelta(hours=23)).isoformat()
    assert actions.fit("POST", token=token, json={**GOOD, "created_at": soon}).status_code == 201


TWIN = {"body_weight": "181.9", "unit": "lbs", "created_at": "2026-01-31T07:30:42+01:00"}
"""82.5 kg at the same morning, by way of a service that rounds to tenths of a pound and another that has no seconds."""


def test_one_weighing_by_way_of_two_services_is_told(actions: Actions, token: str) -> None:
    first = actions.fit("POST", token=token, json=GOOD).json()
    assert "warnings" not in first
    second = actions.fit("POST", token=token, json=TWIN)
    [warning] = second.json()["warnings"]
    assert (second.status_code, warning["warning"], warning["id"]) == (201, "likely_twin", first["id"])
    [result] = batch(actions, token, TWIN).json()["results"]
    assert (result["status"], result["warnings"][0]["warning"]) == (201, "likely_twin")
    answer = imported(actions, token, f"{HEADER}\n82.48,kg,2026-01-31T06:30:30Z\n")
    assert (answer["inserted"], answer["warning_count"]) == (1, 1)
    assert (answer["warnings"][0]["line"], answer["warnings"][0]["warning"]) == (2, "likely_twin")
    assert len(stored(actions, token)) == 4


def test_by_option_it_is_one_entry(actions: Actions, token: str) -> None:
    first = actions.fit("POST", token=token, json=GOOD)
    second = actions.fit("POST", f"{LIST}?twins=merge", token, json=TWIN)
    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
    assert second.headers["Location"] == first.headers["Location"]
    results = batch(actions, token, TWIN, {**TWIN, "created_at": "2026-03-01T06:30:00Z"}, query="?twins=merge").json()
    assert [(each["status"], each["entry"]["id"] == first.json()["id"]) for each in results["results"]] == [
        (200, True),
        (201, False),
    ]
    assert results["inserted"] == 1
    file = f"{HEADER}\n82.48,kg,2026-01-31T06:30:30Z\n84,kg,2026-04-01T06:30:00Z\n84.02,kg,2026-04-01T06:30:09Z\n"
    answer = imported(actions, token, file, query="?twins=merge")
    assert (answer["inserted"], answer["merged"], answer["already_there"]) == (1, 2, 0)
    assert len(stored(actions, token)) == 3


@pytest.mark.parametrize(
    "other",
    [{"created_at": "2026-01-31T06:31:00Z"}, {"created_at": "2026-01-31T06:29:00Z"}, {"body_weight": "82.572"}],
    ids=["later", "earlier", "heavier"],
)
def test_what_lies_at_the_very_limit_is_a_twin(actions: Actions, token: str, other: dict[str, str]) -> None:
    actions.fit("POST", token=token, json=GOOD)
    assert actions.fit("POST", f"{LIST}?twins=merge", token, json={**GOOD, **other}).status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        {**TWIN, "created_at": "2026-01-31T06:31:01Z"},
        {**TWIN, "body_weight": "182.1"},
        {**GOOD, "body_weight": "82.573"},
    ],
    ids=["later", "heavier in pounds", "heavier"],
)
def test_what_rounding_does_not_explain_is_another_weighing(
    actions: Actions, token: str, other: dict[str, Any]
) -> None:
    actions.fit("POST", token=token, json=GOOD)
    second = actions.fit("POST", f"{LIST}?twins=merge", token, json=other)
    assert (second.status_code, "warnings" in second.json()) == (201, False)


def exported(actions: Actions, token: str, query: str) -> bytes:
    answer = actions.fit("GET", f"/api/body_weight/export?{query}", token)
    assert answer.status_code == 200
    return answer.content


def without_ids(file: bytes) -> bytes:
    return b"\r\n".join(line.partition(b",")[2] for line in file.splitlines())


@pytest.mark.parametrize("change", [bytes, without_ids], ids=["with ids", "without"])
@pytest.mark.parametrize("unit", ["kg", "lbs"])
def test_our_own_export_in_the_other_unit_is_there_already(
    actions: Actions, token: str, unit: str, change: Callable[[bytes], bytes]
) -> None:
    batch(actions, token, GOOD, {**TWIN, "created_at": "2026-02-01T06:30:00Z"}, {**GOOD, "body_weight": "80.001"})
    before = stored(actions, token)
    answer = imported(actions, token, change(exported(actions, token, f"format=csv&unit={unit}")))
    assert (answer["inserted"], answer["already_there"], answer["warnings"]) == (0, 3, [])
    assert stored(actions, token) == before


def test_our_own_export_brings_no_old_version_back(actions: Actions, token: str) -> None:
    entry = actions.fit("POST", token=token, json=GOOD).json()
    file = exported(actions, token, "format=json")
    moved = {"body_weight": "81", "created_at": "2026-01-30T06:30:00Z"}
    actions.fit("PATCH", LIST + entry["id"], token, json=moved)
    answer = imported(actions, token, file, "application/json")
    assert (answer["inserted"], answer["already_there"]) == (0, 1)
    [warning] = answer["warnings"]
    assert (warning["index"], warning["warning"], warning["id"]) == (0, "differs", entry["id"])
    assert stored(actions, token) == [("81", "kg", "2026-01-30T06:30:00")]


def of_days_to_come(actions: Actions, token: str) -> dict[str, Any]:
    """As an entry of the first release may be."""
    entry: dict[str, Any] = actions.fit("POST", token=token, json=GOOD).json()
    with actions.stack.fit_app.extensions["fit_service"].database.writing() as session:
        later = "UPDATE body_weights SET created_at = 4102444800000000 WHERE id = :id"
        session.execute(text(later), {"id": entry["id"]})
    return entry


@pytest.mark.parametrize("form", ["csv", "json"])
def test_our_own_export_may_hold_days_to_come(actions: Actions, token: str, form: str) -> None:
    entry = of_days_to_come(actions, token)
    batch(actions, token, {**GOOD, "created_at": "2026-02-01T06:30:00Z"})
    before, file = stored(actions, token), exported(actions, token, f"format={form}")
    media_type = {"csv": "text/csv", "json": "application/json"}[form]
    answer = imported(actions, token, file, media_type)
    assert (answer["inserted"], answer["already_there"], answer["warnings"]) == (0, 2, [])
    actions.fit("PATCH", LIST + entry["id"], token, json={"created_at": AT})
    answer = imported(actions, token, file, media_type)
    assert [(each["warning"], each["id"]) for each in answer["warnings"]] == [("differs", entry["id"])]
    actions.fit("DELETE", LIST + entry["id"], token)
    refused = actions.fit("POST", IMPORT, token, data=file, headers={"Content-Type": media_type})
    assert field_of(refused) == "created_at"
    place = {"csv": {"line": 3}, "json": {"index": 1}}[form]
    assert refused.json()["errors"] == [
        {**place, "field": "created_at", "detail": "created_at must not be more than a day from now."}
    ]
    assert stored(actions, token) == [each for each in before if not each[2].startswith("2100")]


def test_an_id_that_nobody_knows_makes_no_day_to_come_good(actions: Actions, token: str) -> None:
    days = [{**GOOD, "id": entry_id, "created_at": "2100-01-01T00:00:00Z"} for entry_id in ("0" * 24, "x", 7)]
    refused = actions.fit("POST", IMPORT, token, json=[GOOD, *days])
    assert [each["index"] for each in refused.json()["errors"]] == [1, 2, 3]
    assert stored(actions, token) == []


@pytest.mark.parametrize("ids", [(5, 6), ("5", "6"), ("5\0", "6\0"), ("\ud800", "\ud801"), ("x" * 1000, "y" * 1000)])
def test_ids_of_other_services_tell_equal_entries_apart(each_stack: Stack, ids: tuple[object, object]) -> None:
    actions = Actions(each_stack)
    token = actions.token()
    rows = json.dumps([{**GOOD, "id": entry_id} for entry_id in ids])
    for inserted in (2, 0):
        answer = imported(actions, token, rows, "application/json")
        assert (answer["inserted"], answer["already_there"]) == (inserted, 2 - inserted)


def test_an_empty_cell_is_no_id(actions: Actions, token: str) -> None:
    file = f"{HEADER},id\n" + f"82.5,kg,{AT},\n" * 2
    assert imported(actions, token, file)["inserted"] == 1


def test_two_equal_entries_survive_export_and_import(actions: Actions, token: str) -> None:
    batch(actions, token, GOOD, GOOD, GOOD)
    file = exported(actions, token, "format=csv")
    other = actions.token()
    assert imported(actions, other, file)["inserted"] == 3
    assert stored(actions, other) == stored(actions, token)
    assert imported(actions, other, file)["already_there"] == 3
    assert imported(actions, token, file)["already_there"] == 3
    one_more = imported(actions, other, file + b"f" * 24 + file.splitlines()[-1][24:] + b"\r\n")
    assert (one_more["inserted"], one_more["already_there"]) == (1, 3)


def test_one_wrong_weight_before_it_hides_no_wrong_unit(actions: Actions, token: str) -> None:
    told = []
    for number, weight in enumerate(("82", "82.2", "182.5", "82.1", "183", "181.9"), 1):
        entry = {**GOOD, "body_weight": weight, "created_at": f"2020-01-0{number}T06:30:00Z"}
        warnings = actions.fit("POST", token=token, json=entry).json().get("warnings", [])
        told.append([warning["warning"] for warning in warnings])
    assert told == [[], [], ["other_unit"], [], ["other_unit"], ["other_unit"]]


def test_a_weight_that_fits_in_the_other_unit_only_is_told(actions: Actions, token: str) -> None:
    actions.fit("POST", token=token, json={**GOOD, "body_weight": "82", "created_at": "2020-01-31T06:30:00Z"})
    odd = [{**GOOD, "body_weight": weight} for weight in ("182.5", "181")]
    results = batch(actions, token, *odd, {**GOOD, "body_weight": "83.5"}).json()["results"]
    assert [each["status"] for each in results] == [201, 201, 201]
    assert [[warning["warning"] for warning in each.get("warnings", [])] for each in results] == [
        ["other_unit"],
        ["other_unit"],
        [],
    ]
    assert "182.5 lbs" in results[0]["warnings"][0]["detail"]
    answer = imported(actions, token, f"{HEADER}\n82,lbs,2026-02-02T06:30:00Z\n120,kg,2026-02-03T06:30:00Z\n")
    assert [(each["line"], each["warning"]) for each in answer["warnings"]] == [(2, "other_unit")]
