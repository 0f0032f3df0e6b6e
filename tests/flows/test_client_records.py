"""An app's own ids of records: what is sent again is the same entry, and only a higher version changes it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests

from tests.support.actions import Actions
from tests.support.stack import Stack

LIST, BATCH = "/api/body_weight/", "/api/body_weight/batch"
AT = "2026-01-31T06:30:00Z"
RECORD = {"body_weight": "82.5", "unit": "kg", "created_at": AT, "client_record_id": "scale/7#a?"}


class Apps:
    """Two apps of one person."""

    def __init__(self, stack: Stack) -> None:
        stack.forget_failures()
        self.actions = Actions(stack)
        self.person = self.actions.person()
        self.mine, self.other = (self.actions.app().connect(self.person).access for _ in range(2))

    def send(self, token: str | None = None, query: str = "", **members: Any) -> requests.Response:
        return self.actions.fit("POST", LIST + query, token or self.mine, json={**RECORD, **members})

    def entries(self, token: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.actions.fit("GET", token=token or self.mine).json()
        return found

    def changes(self, token: str, since: str = "0", query: str = "") -> requests.Response:
        return self.actions.fit("GET", f"{LIST}?updated_since={since}{query}", token)

    def delete(self, record_id: str = RECORD["client_record_id"], token: str | None = None, **options: Any) -> int:
        parameters = {"client_record_id": record_id}
        return self.actions.fit("DELETE", LIST, token or self.mine, params=parameters, **options).status_code

    def find(self, record_id: str = RECORD["client_record_id"], token: str | None = None) -> list[dict[str, Any]]:
        parameters = {"client_record_id": record_id}
        found: list[dict[str, Any]] = self.actions.fit("GET", LIST, token or self.mine, params=parameters).json()
        return found


@pytest.fixture
def apps(stricter_stack: Stack) -> Apps:
    return Apps(stricter_stack)


@pytest.fixture(scope="module")
def in_vain(stricter_stack: Stack) -> Apps:
    """For what is refused, and so leaves everything as it was."""
    return Apps(stricter_stack)


def test_a_record_that_is_sent_again_is_the_same_entry(apps: Apps) -> None:
    first = apps.send()
    assert first.status_code == 201
    assert first.json()["client_record_id"] == RECORD["client_record_id"]
    assert first.json()["client_record_version"] == 0
    again = apps.send()
    assert (again.status_code, again.json()) == (200, first.json())
    assert (again.headers["Location"], again.headers["ETag"]) == (first.headers["Location"], first.headers["ETag"])
    assert apps.entries() == [first.json()]


def test_a_higher_version_replaces_all_that_the_entry_says(apps: Apps) -> None:
    first = apps.send(client_record_version=3, origin="device", utc_offset="+01:00").json()
    second = apps.send(client_record_version=4, body_weight="180", unit="lbs", created_at="2026-01-30T06:30:00Z")
    entry = second.json()
    assert (second.status_code, entry["id"], entry["stored_at"]) == (200, first["id"], first["stored_at"])
    assert (entry["body_weight"], entry["unit"], entry["client_record_version"]) == ("180", "lbs", 4)
    assert entry["version"] != first["version"]
    assert entry.keys() & {"origin", "utc_offset", "warnings"} == set()
    assert apps.entries() == [entry]
    assert apps.actions.fit("GET", second.headers["Location"], apps.mine).headers["ETag"] == second.headers["ETag"]


@pytest.mark.parametrize("version", [3, 2, 0])
def test_a_version_that_is_not_higher_changes_nothing_and_the_answer_says_so(apps: Apps, version: int) -> None:
    stored = apps.send(client_record_version=3).json()
    since = apps.changes(apps.other).headers["Updated-Since"]
    late = apps.send(client_record_version=version, body_weight="90")
    warning = {
        "warning": "not_newer",
        "detail": "The record is 82.5 kg at 2026-01-31T06:30:00+00:00, in a version that is not lower, and stays so.",
        "id": stored["id"],
    }
    assert (late.status_code, late.json()) == (200, {**stored, "warnings": [warning]})
    assert apps.changes(apps.other, since).json() == []
    assert apps.entries() == [stored]


def test_a_higher_version_that_says_the_same_is_noted_and_nobody_else_is_told(apps: Apps) -> None:
    """Two apps that send all they know after each change of the other's would go on for ever."""
    first = apps.send()
    since = apps.changes(apps.other).headers["Updated-Since"]
    seen = apps.actions.fit("GET", token=apps.mine).headers["ETag"]
    same = apps.send(client_record_version=5)
    assert (same.status_code, same.json()) == (200, {**first.json(), "client_record_version": 5})
    news = apps.changes(apps.other, since)
    assert news.json() == []
    guarded = {"If-Match": first.headers["ETag"]}
    address = first.headers["Location"]
    assert apps.send(client_record_version=4, body_weight="90").json()["body_weight"] == "82.5"
    shown = apps.actions.fit("GET", token=apps.mine, headers={"If-None-Match": seen})
    assert (shown.status_code, shown.json()[0]["client_record_version"]) == (200, 5)
    known = {"If-None-Match": first.headers["ETag"]}
    assert apps.actions.fit("GET", address, apps.mine, headers=known).json()["client_record_version"] == 5
    changed = apps.actions.fit("PATCH", address, apps.other, json={"body_weight": "81"}, headers=guarded)
    assert changed.status_code == 200
    assert [entry["body_weight"] for entry in apps.changes(apps.other, news.headers["Updated-Since"]).json()] == ["81"]


def test_each_app_has_ids_of_its_own_and_is_not_shown_anothers(apps: Apps) -> None:
    mine = apps.send().json()
    others = apps.send(apps.other, client_record_version=7, created_at="2026-02-01T06:30:00Z")
    assert (others.status_code, others.json()["id"] == mine["id"]) == (201, False)
    for shown in (apps.entries(apps.other), apps.changes(apps.other).json()):
        assert [entry.get("client_record_version") for entry in shown] == [None, 7]
    for path in (f"{LIST}{mine['id']}", f"{LIST}export?format=json"):
        assert RECORD["client_record_id"] not in apps.actions.fit("GET", path, apps.other).text
    mine_seen, others_seen = (
        apps.actions.fit("GET", f"{LIST}{mine['id']}", token).headers["ETag"] for token in (apps.mine, apps.other)
    )
    assert mine_seen.partition("-")[0] == others_seen.partition("-")[0]
    assert mine_seen != others_seen
    other_person = Apps(apps.actions.stack)
    assert other_person.send().status_code == 201


def test_an_app_finds_and_deletes_its_records_by_its_own_ids(apps: Apps) -> None:
    entry = apps.send(client_record_version=2).json()
    apps.send(client_record_id="another", created_at="2026-02-01T06:30:00Z")
    assert apps.find() == [entry]
    assert (apps.find("unknown"), apps.find(token=apps.other)) == ([], [])
    assert apps.delete(token=apps.other) == 404
    assert apps.delete(headers={"If-Match": '"0123456789abcdef"'}) == 412
    key = {"Idempotency-Key": "delete-it-once-and-only-once"}
    assert [apps.delete(headers=key) for _ in range(2)] == [204, 204]
    assert apps.delete() == 404
    assert apps.find() == []
    assert [each["client_record_id"] for each in apps.entries()] == ["another"]


def test_without_the_id_nothing_is_deleted(apps: Apps) -> None:
    apps.send()
    refused = apps.actions.fit("DELETE", LIST, apps.mine)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "client_record_id")
    assert len(apps.entries()) == 1


@pytest.mark.parametrize("by", ["its app", "another app"])
def test_a_deleted_record_comes_back_in_a_higher_version_only(apps: Apps, by: str) -> None:
    """What was sent before the deletion, and arrives after it, brings nothing back."""
    entry = apps.send(client_record_version=3).json()
    since = apps.changes(apps.other).headers["Updated-Since"]
    if by == "its app":
        assert apps.delete() == 204
    else:
        assert apps.actions.fit("DELETE", LIST + entry["id"], apps.other).status_code == 204
    refused = apps.send(client_record_version=3)
    assert (refused.status_code, refused.headers["Content-Type"]) == (410, "application/problem+json")
    assert refused.json()["errors"] == [
        {
            "field": "client_record_version",
            "detail": "The record was deleted: a client_record_version above 3 brings it back.",
        }
    ]
    assert apps.entries() == []
    back = apps.send(client_record_version=4)
    assert (back.status_code, back.json()["id"] == entry["id"]) == (201, False)
    assert apps.changes(apps.mine, since).json() == [
        {
            "id": entry["id"],
            "deleted": True,
            "client_record_id": RECORD["client_record_id"],
            "client_record_version": 3,
        },
        back.json(),
    ]
    assert apps.changes(apps.other, since).json()[0] == {"id": entry["id"], "deleted": True}
    assert apps.delete() == 204
    assert [apps.send(client_record_version=version).status_code for version in (3, 4, 5)] == [410, 410, 201]


def test_what_an_app_upserts_is_its_own_change(apps: Apps) -> None:
    entry = apps.send().json()
    apps.send(client_record_version=1, body_weight="81")
    assert apps.changes(apps.mine, query="&changes=others").json() == []
    assert [each["id"] for each in apps.changes(apps.other, query="&changes=others").json()] == [entry["id"]]
    apps.actions.fit("PATCH", LIST + entry["id"], apps.other, json={"body_weight": "80"})
    [news] = apps.changes(apps.mine, query="&changes=others").json()
    assert (news["body_weight"], news["client_record_id"]) == ("80", RECORD["client_record_id"])
    assert apps.send(client_record_version=2, body_weight="79").json()["body_weight"] == "79"


def test_a_repetition_of_an_upsert_gets_its_first_answer(apps: Apps) -> None:
    key = {"Idempotency-Key": "the-key-of-one-upsert"}
    first = apps.actions.fit("POST", LIST, apps.mine, json=RECORD, headers=key)
    apps.send(client_record_version=1, body_weight="81")
    again = apps.actions.fit("POST", LIST, apps.mine, json=RECORD, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert apps.entries()[0]["body_weight"] == "81"


def test_a_record_may_be_a_likely_twin_of_anothers_and_by_option_is_not_stored(apps: Apps) -> None:
    others = apps.send(apps.other).json()
    twin = {"body_weight": "82.52", "client_record_id": "t"}
    merged = apps.send(query="?twins=merge", **twin)
    assert (merged.status_code, merged.json()["id"]) == (200, others["id"])
    assert "client_record_id" not in merged.json()
    assert (apps.find("t"), apps.delete("t")) == ([], 404)
    told = apps.send(**twin)
    assert (told.status_code, told.json()["warnings"][0]["warning"]) == (201, "likely_twin")
    assert "warnings" not in apps.send(client_record_version=1, **{**twin, "body_weight": "82.51"}).json()


def test_a_change_keeps_the_record_and_cannot_name_another(apps: Apps) -> None:
    entry = apps.send(client_record_version=2).json()
    address = LIST + entry["id"]
    sent_back = apps.actions.fit("PATCH", address, apps.mine, json={**entry, "body_weight": "81"})
    assert (sent_back.status_code, sent_back.json()["client_record_version"]) == (200, 2)
    for member, value in (("client_record_id", "other"), ("client_record_version", 3), ("client_record_id", None)):
        refused = apps.actions.fit("PATCH", address, apps.mine, json={member: value})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, member)
    by_other = apps.actions.fit("PATCH", address, apps.other, json={"client_record_id": RECORD["client_record_id"]})
    assert (by_other.status_code, by_other.json()["errors"][0]["field"]) == (422, "client_record_id")
    assert apps.find() == [sent_back.json()]


@pytest.mark.parametrize(
    ("members", "field"),
    [
        *(({"client_record_id": value}, "client_record_id") for value in ("", "x" * 129, "a b", "é", "a\n", 7, None)),
        *(
            ({"client_record_version": value}, "client_record_version")
            for value in (-1, 2**53, 1.5, "1", True, None, 10**40)
        ),
        ({"created_at": ...}, "created_at"),
        ({"client_record_id": ..., "client_record_version": 1}, "client_record_id"),
    ],
    ids=repr,
)
def test_what_is_no_id_or_version_is_named(in_vain: Apps, members: dict[str, Any], field: str) -> None:
    """`...` leaves a member out. An instant that is left out would be another one at each repetition."""
    sent = {name: value for name, value in {**RECORD, **members}.items() if value is not ...}
    refused = in_vain.actions.fit("POST", LIST, in_vain.mine, json=sent)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    [result] = in_vain.actions.fit("POST", BATCH, in_vain.mine, json={"entries": [sent]}).json()["results"]
    assert (result["status"], result["errors"][0]["field"]) == (422, field)
    assert in_vain.entries() == []


def test_the_longest_id_and_the_highest_version_fit(apps: Apps) -> None:
    entry = apps.send(client_record_id="~" * 128, client_record_version=2**53 - 1).json()
    assert apps.find("~" * 128) == [entry]
    assert apps.delete("~" * 128) == 204


def test_upserts_in_a_batch_are_done_in_their_order(apps: Apps) -> None:
    stored = apps.send(client_record_version=1).json()
    apps.send(client_record_id="gone", created_at="2026-02-02T06:30:00Z")
    apps.delete("gone")
    records = [
        {**RECORD, "client_record_version": 2, "body_weight": "81"},
        {**RECORD, "client_record_version": 2, "body_weight": "99"},
        {**RECORD, "client_record_id": "new", "created_at": "2026-03-01T06:30:00Z"},
        {**RECORD, "client_record_id": "gone"},
        {**RECORD, "client_record_id": "new", "client_record_version": 1, "created_at": "2026-03-02T06:30:00Z"},
    ]
    answer = apps.actions.fit("POST", BATCH, apps.mine, json={"entries": records}).json()
    assert answer["inserted"] == 1
    assert [each["status"] for each in answer["results"]] == [200, 200, 201, 410, 200]
    shown = [each.get("entry", {}) for each in answer["results"]]
    assert [(each.get("id") == stored["id"], each.get("body_weight")) for each in shown[:2]] == [(True, "81")] * 2
    assert answer["results"][1]["warnings"][0]["warning"] == "not_newer"
    assert (shown[2]["id"], shown[4]["created_at"]) == (shown[4]["id"], "2026-03-02T06:30:00+00:00")
    assert apps.entries() == [shown[0], shown[4]]


def test_of_upserts_at_once_one_inserts_and_the_highest_version_stays(apps: Apps) -> None:
    barrier = Barrier(6)

    def send(version: int) -> int:
        barrier.wait()
        return apps.send(client_record_version=version, body_weight=str(80 + version)).status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(send, range(6)))
    assert statuses == [200] * 5 + [201]
    [entry] = apps.entries()
    assert (entry["body_weight"], entry["client_record_version"]) == ("85", 5)


def test_an_export_says_nothing_of_them_and_comes_back_as_what_is_there(apps: Apps) -> None:
    entry = apps.send().json()
    for form, media_type in (("csv", "text/csv"), ("json", "application/json")):
        file = apps.actions.fit("GET", f"{LIST}export?format={form}", apps.mine)
        assert "client_record" not in file.text
        headers = {"Content-Type": media_type}
        answer = apps.actions.fit("POST", f"{LIST}import", apps.mine, data=file.content, headers=headers).json()
        assert (answer["inserted"], answer["already_there"], answer["warnings"]) == (0, 1, [])
    assert apps.entries() == [entry]


def test_a_summary_is_of_what_a_record_says_now(apps: Apps) -> None:
    apps.send()
    apps.send(client_record_version=1, body_weight="80")
    summary = apps.actions.fit("GET", f"{LIST}summary?bucket=day", apps.mine).json()
    assert [(each["count"], each["mean"]) for each in summary["buckets"]] == [(1, "80")]
