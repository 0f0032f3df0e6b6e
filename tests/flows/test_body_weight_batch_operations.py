"""A batch that also changes and deletes: in order, each with its own result, and seen by everybody at once."""

from typing import Any

import pytest
import requests

from tests.support.actions import READ, Actions
from tests.support.stack import Stack
from tests.support.weights import content

LIST, BATCH = "/api/body_weight/", "/api/body_weight/batch"
GONE = {"status": 404, "errors": [{"field": "id", "detail": "There is no such entry."}]}
CHANGED_MEANWHILE = {
    "status": 412,
    "errors": [{"field": "version", "detail": "The entry was changed meanwhile: read it again."}],
}


def entry(day: int, **members: Any) -> dict[str, Any]:
    return {"body_weight": "82.5", "unit": "kg", "created_at": f"2026-01-{day:02}T06:30:00+00:00", **members}


def change(entry_id: str, **members: Any) -> dict[str, Any]:
    return {"operation": "change", "id": entry_id, **members}


def delete(**members: Any) -> dict[str, Any]:
    return {"operation": "delete", **members}


class App:
    """An app of somebody, and another one."""

    def __init__(self, stack: Stack) -> None:
        stack.forget_failures()
        self.actions = Actions(stack)
        self.person = self.actions.person()
        self.token, self.other = (self.actions.app().connect(self.person).access for _ in range(2))

    def batch(self, *items: Any, headers: dict[str, str] | None = None, **members: Any) -> requests.Response:
        return self.actions.fit("POST", BATCH, self.token, json={"entries": items, **members}, headers=headers or {})

    def results(self, *items: Any) -> list[dict[str, Any]]:
        answer = self.batch(*items)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    def stored(self, *items: Any) -> list[dict[str, Any]]:
        return [result["entry"] for result in self.results(*items)]

    def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.actions.fit("GET", token=self.token).json()
        return found

    def changes(self, since: str = "0") -> requests.Response:
        return self.actions.fit("GET", f"{LIST}?updated_since={since}", self.token)


@pytest.fixture
def app(stricter_stack: Stack) -> App:
    return App(stricter_stack)


def test_each_operation_gets_its_own_result_in_order(app: App) -> None:
    first, second, third = app.stored(entry(1), entry(2), entry(3))
    since = app.changes().headers["Updated-Since"]
    answer = app.batch(
        {**entry(4), "operation": "insert"},
        change(first["id"], body_weight="81", version=first["version"]),
        delete(id=second["id"], version=second["version"]),
        change(third["id"], body_weight="80", version="0123456789abcdef"),
        delete(id=third["id"], version="0123456789abcdef"),
        change(second["id"], body_weight="80"),
        delete(id=second["id"]),
        change(third["id"], unit="lbs"),
        entry(5),
    ).json()
    assert answer["inserted"] == 2
    inserted, changed, deleted, *refused, last = answer["results"]
    assert [each["status"] for each in (inserted, changed, last)] == [201, 200, 201]
    assert deleted == {"status": 204}
    needs_amount = "Changing the unit needs the body_weight in that unit too."
    assert refused == [
        CHANGED_MEANWHILE,
        CHANGED_MEANWHILE,
        GONE,
        GONE,
        {"status": 422, "errors": [{"field": "body_weight", "detail": needs_amount}]},
    ]
    assert content(changed["entry"]) == content(first, body_weight="81")
    assert changed["entry"]["stored_at"] == first["stored_at"]
    assert app.entries() == [changed["entry"], third, inserted["entry"], last["entry"]]
    told = app.changes(since).json()
    assert told == [changed["entry"], {"id": second["id"], "deleted": True}, inserted["entry"], last["entry"]]


def test_one_entry_twice_is_as_if_each_operation_had_come_alone(app: App) -> None:
    [one] = app.stored(entry(1))
    results = app.results(
        change(one["id"], body_weight="81", version=one["version"]),
        change(one["id"], body_weight="80", version=one["version"]),
        change(one["id"], origin="manual"),
        delete(id=one["id"]),
        delete(id=one["id"]),
        change(one["id"], body_weight="79"),
    )
    assert [each["status"] for each in results] == [200, 412, 200, 204, 404, 404]
    assert (results[2]["entry"]["body_weight"], results[2]["entry"]["origin"]) == ("81", "manual")
    assert app.entries() == []


def test_an_apps_own_records_come_and_go_within_one_batch(app: App) -> None:
    record = entry(1, client_record_id="a")
    results = app.results(
        {**record, "client_record_version": 1},
        delete(client_record_id="a"),
        {**record, "client_record_version": 1},
        {**record, "client_record_version": 2},
        {**record, "client_record_version": 3, "body_weight": "80"},
        delete(client_record_id="b"),
    )
    assert [each["status"] for each in results] == [201, 204, 410, 201, 200, 404]
    assert results[5]["errors"][0]["field"] == "client_record_id"
    [left] = app.entries()
    assert left == results[4]["entry"]
    assert left["id"] == results[3]["entry"]["id"] != results[0]["entry"]["id"]


def test_all_or_nothing_undoes_everything_and_names_each_that_cannot_be_done(app: App) -> None:
    one, two, gone = app.stored(entry(1), entry(2), entry(3, client_record_id="gone"))
    app.results(delete(client_record_id="gone"))
    since = app.changes().headers["Updated-Since"]
    items = [entry(4), change(one["id"], body_weight="81"), delete(id=two["id"])]
    bad = [
        change(one["id"], body_weight="70", version="0123456789abcdef"),
        delete(id=gone["id"]),
        entry(5, client_record_id="gone"),
    ]
    refused = app.batch(*items, *bad, all_or_nothing=True, headers={"Idempotency-Key": "all-of-it-or-nothing"})
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert refused.json()["detail"] == "3 of 6 entries are not good, so none was inserted, changed or deleted."
    assert [(each["index"], each["field"]) for each in refused.json()["errors"]] == [
        (3, "version"),
        (4, "id"),
        (5, "client_record_version"),
    ]
    assert (app.entries(), app.changes(since).json()) == ([one, two], [])
    done = app.batch(*items, all_or_nothing=True, headers={"Idempotency-Key": "all-of-it-or-nothing"})
    assert [each["status"] for each in done.json()["results"]] == [201, 200, 204]


def test_a_repetition_gets_the_same_results_and_does_nothing_more(app: App) -> None:
    one, two = app.stored(entry(1), entry(2))
    items = [change(one["id"], body_weight="81", version=one["version"]), delete(id=two["id"]), entry(3)]
    key = {"Idempotency-Key": "the-key-of-one-mixed-batch"}
    first = app.batch(*items, headers=key)
    since = app.changes().headers["Updated-Since"]
    again = app.batch(*items, headers=key)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert app.changes(since).json() == []


def test_a_twin_that_goes_in_the_same_batch_takes_no_other_with_it(app: App) -> None:
    """Merged into an entry that is deleted, or moved away, a weighing would be lost."""
    one, two = app.stored(entry(1), entry(2))
    items = [entry(1), entry(2), delete(id=one["id"]), change(two["id"], body_weight="90")]
    answer = app.actions.fit("POST", f"{BATCH}?twins=merge", app.token, json={"entries": items}).json()
    assert [each["status"] for each in answer["results"]] == [201, 201, 204, 200]
    assert sorted(each["body_weight"] for each in app.entries()) == ["82.5", "82.5", "90"]


def test_nobody_changes_or_deletes_anothers_entries(app: App) -> None:
    [one] = app.stored(entry(1, client_record_id="a"))
    stranger = App(app.actions.stack)
    results = stranger.results(change(one["id"], body_weight="81"), delete(id=one["id"]), delete(client_record_id="a"))
    assert [each["status"] for each in results] == [404, 404, 404]
    other = {"entries": [delete(client_record_id="a")]}
    assert app.actions.fit("POST", BATCH, app.other, json=other).json()["results"][0]["status"] == 404
    assert app.entries() == [one]
    assert app.actions.fit("POST", BATCH, app.other, json={"entries": [delete(id=one["id"])]}).status_code == 200
    assert app.entries() == []


def test_who_may_only_read_changes_and_deletes_nothing(app: App) -> None:
    [one] = app.stored(entry(1))
    reader = app.actions.app().connect(app.person, scopes=[READ]).access
    refused = app.actions.fit("POST", BATCH, reader, json={"entries": [delete(id=one["id"])]})
    assert refused.status_code == 403
    assert app.entries() == [one]


def test_a_change_that_changes_nothing_is_none_and_what_was_read_can_be_sent_back(app: App) -> None:
    [one] = app.stored(entry(1, client_record_id="a", origin="device"))
    since = app.changes().headers["Updated-Since"]
    [same] = app.results({**one, "operation": "change"})
    assert same == {"status": 200, "entry": one}
    assert app.changes(since).json() == []


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"operation": "upsert", **entry(1)}, "operation"),
        ({"operation": None, **entry(1)}, "operation"),
        ({"operation": ["delete"]}, "operation"),
        ({"operation": "delete"}, "id"),
        ({"operation": "delete", "id": "0" * 24, "client_record_id": "a"}, "id"),
        ({"operation": "delete", "id": "x\0"}, "id"),
        ({"operation": "delete", "id": 7}, "id"),
        ({"operation": "delete", "client_record_id": ""}, "client_record_id"),
        ({"operation": "delete", "id": "0" * 24, "version": None}, "version"),
        ({"operation": "delete", "id": "0" * 24, "body_weight": "82"}, "body_weight"),
        ({"operation": "change", "body_weight": "82"}, "id"),
        ({"operation": "change", "id": "\ud800", "body_weight": "82"}, "id"),
        ({"operation": "change", "id": "0" * 24, "weight": "82"}, "weight"),
    ],
    ids=repr,
)
def test_what_is_no_operation_is_named_and_the_others_are_done(app: App, item: Any, field: str) -> None:
    bad, good = app.results(item, entry(2))
    assert (bad["status"], bad["errors"][0]["field"], good["status"]) == (422, field, 201)
    assert app.entries() == [good["entry"]]


def test_five_hundred_operations_of_each_kind_fit(app: App) -> None:
    entries = app.stored(*(entry(1, body_weight=str(60 + n % 90)) for n in range(500)))
    changed = app.results(*(change(each["id"], origin="app", version=each["version"]) for each in entries))
    assert {each["status"] for each in changed} == {200}
    deleted = app.results(*(delete(id=each["entry"]["id"], version=each["entry"]["version"]) for each in changed))
    assert deleted == [{"status": 204}] * 500
    assert app.entries() == []
