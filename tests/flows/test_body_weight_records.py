"""What an entry says beside weight and instant: where on earth, who measured, and when its record was made."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.actions import Actions
from tests.support.weights import content

LIST = "/api/body_weight/"
GOOD = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-31T23:30:00-08:00"}
FILES = {"json": "application/json", "csv": "text/csv"}


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def inserted(actions: Actions, token: str, **members: Any) -> dict[str, Any]:
    answer = actions.fit("POST", token=token, json={**GOOD, **members})
    assert answer.status_code == 201, answer.text
    entry: dict[str, Any] = answer.json()
    return entry


def changed(actions: Actions, token: str, entry: dict[str, Any], **members: Any) -> dict[str, Any]:
    answer = actions.fit("PATCH", LIST + entry["id"], token, json=members)
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    return after


@pytest.mark.clause("RFC 9557 §2")
@pytest.mark.parametrize(
    ("sent", "offset"),
    [
        ({}, "-08:00"),
        ({"created_at": "2026-01-31T23:30:00+05:45"}, "+05:45"),
        ({"created_at": "2026-01-31T23:30:00.5-00:30"}, "-00:30"),
        *(({"created_at": f"2026-01-31T23:30:00{utc}"}, None) for utc in ("Z", "-00:00", "+00:00")),
        ({"created_at": "2026-01-31T23:30:00Z", "utc_offset": "+00:00"}, "+00:00"),
        ({"utc_offset": "+09:00"}, "+09:00"),
        ({"utc_offset": None}, None),
    ],
)
def test_the_offset_of_a_weighing_is_kept_unless_it_names_no_place(
    actions: Actions, token: str, sent: dict[str, Any], offset: str | None
) -> None:
    entry = inserted(actions, token, **sent)
    assert entry.get("utc_offset") == offset
    assert actions.fit("GET", token=token).json() == [entry]
    assert actions.fit("GET", f"{LIST}?updated_since=0", token).json() == [entry]


def test_who_changes_something_else_or_sends_back_what_was_read_loses_no_offset(actions: Actions, token: str) -> None:
    entry = inserted(actions, token, origin="device")
    older_app = content(entry)
    for members in ({"body_weight": "81"}, {**older_app, "body_weight": "80"}):
        after = changed(actions, token, entry, **members)
        assert (after["utc_offset"], after["origin"]) == ("-08:00", "device")
    assert changed(actions, token, entry, created_at="2026-01-31T23:30:00+01:00")["utc_offset"] == "+01:00"
    assert changed(actions, token, entry, utc_offset="+02:00")["utc_offset"] == "+02:00"
    without = changed(actions, token, entry, utc_offset=None, origin=None)
    assert without.keys() & {"utc_offset", "origin"} == set()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("utc_offset", value) for value in ("-00:00", "Z", "+24:00", "+1:00", "", 60)),
        *(("origin", value) for value in ("scale", "", 1, ["app"])),
    ],
)
def test_what_is_no_offset_or_origin_is_named(actions: Actions, token: str, member: str, value: object) -> None:
    refused = actions.fit("POST", token=token, json={**GOOD, member: value})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, member)


def test_a_record_says_when_it_was_stored_and_when_it_was_changed(actions: Actions, token: str) -> None:
    entry = inserted(actions, token)
    assert entry["stored_at"] == entry["modified_at"]
    same = changed(actions, token, entry, **entry)
    assert same == entry
    after = changed(actions, token, entry, body_weight="81")
    assert after["stored_at"] == entry["stored_at"]
    assert datetime.fromisoformat(after["modified_at"]) > datetime.fromisoformat(entry["modified_at"])
    for member in ("stored_at", "modified_at"):
        refused = actions.fit("PATCH", LIST + entry["id"], token, json={member: GOOD["created_at"]})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, member)


@pytest.mark.parametrize("form", FILES)
def test_an_export_brings_offset_and_origin_to_another_account(actions: Actions, token: str, form: str) -> None:
    inserted(actions, token, origin="manual")
    inserted(actions, token, created_at="2026-02-02T07:00:00Z")
    exported = actions.fit("GET", f"{LIST}export?format={form}", token)
    other = actions.token()
    headers = {"Content-Type": FILES[form]}
    assert actions.fit("POST", f"{LIST}import", other, data=exported.content, headers=headers).json()["inserted"] == 2
    first, second = actions.fit("GET", token=other).json()
    assert (first["utc_offset"], first["origin"]) == ("-08:00", "manual")
    assert second.keys() & {"utc_offset", "origin"} == set()


def test_columns_of_other_programs_that_are_called_like_ours_are_passed_over(actions: Actions, token: str) -> None:
    file = "created_at,body_weight,unit,origin,utc_offset\n2026-01-31T23:30:00-08:00,82.5,kg,Withings,-28800\n"
    headers = {"Content-Type": "text/csv"}
    assert actions.fit("POST", f"{LIST}import", token, data=file, headers=headers).json()["inserted"] == 1
    [entry] = actions.fit("GET", token=token).json()
    assert (entry["utc_offset"], entry.get("origin")) == ("-08:00", None)


def test_entries_of_the_release_before_say_nothing_of_it(actions: Actions, token: str) -> None:
    entry = inserted(actions, token)
    with actions.stack.fit_app.extensions["fit_service"].database.writing() as session:
        forget = "UPDATE body_weights SET utc_offset = NULL, stored_at = NULL, modified_at = NULL WHERE id = :id"
        session.execute(text(forget), {"id": entry["id"]})
    old = actions.fit("GET", LIST + entry["id"], token).json()
    assert old == {**content(entry), "version": entry["version"]}
    assert changed(actions, token, old, **old) == old
    assert changed(actions, token, old, body_weight="81").keys() - old.keys() == {"modified_at"}
