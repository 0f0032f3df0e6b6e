"""`updated_since`: an app that keeps a copy asks only for what changed, deletions included."""

from typing import Any

import pytest
import requests

from tests.support.actions import Actions

LIST = "/api/body_weight/"


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def insert(actions: Actions, token: str, amount: int) -> dict[str, Any]:
    entry: dict[str, Any] = actions.fit("POST", token=token, json={"body_weight": amount, "unit": "kg"}).json()
    return entry


def changes(actions: Actions, token: str, since: str, query: str = "") -> requests.Response:
    answer = actions.fit("GET", f"{LIST}?updated_since={since}{query}", token)
    assert answer.status_code == 200, answer.text
    return answer


def test_each_answer_says_where_the_next_one_goes_on(actions: Actions, token: str) -> None:
    first, second = insert(actions, token, 80), insert(actions, token, 81)
    everything = changes(actions, token, "0")
    assert everything.json() == [first, second]
    nothing = changes(actions, token, everything.headers["Updated-Since"])
    assert nothing.json() == []
    third = insert(actions, token, 82)
    changed = actions.fit("PATCH", f"{LIST}{first['id']}", token, json={"body_weight": "79"}).json()
    actions.fit("DELETE", f"{LIST}{second['id']}", token)
    news = changes(actions, token, nothing.headers["Updated-Since"])
    assert news.json() == [third, changed, {"id": second["id"], "deleted": True}]
    assert changes(actions, token, news.headers["Updated-Since"]).json() == []
    assert changes(actions, token, "0").json() == [third, changed]


@pytest.mark.clause("RFC 8288 §3")
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_lead_on_until_there_is_nothing_more(actions: Actions, token: str, limit: int) -> None:
    whole = [insert(actions, token, 80 + number) for number in range(3)]
    collected, address = [], f"{LIST}?updated_since=0&limit={limit}&unit=kg"
    while address:
        page = actions.fit("GET", address, token)
        assert 1 <= len(page.json()) <= limit
        collected += page.json()
        address = page.links.get("next", {}).get("url", "")
    assert collected == whole
    assert changes(actions, token, page.headers["Updated-Since"]).json() == []


def test_a_page_that_was_interrupted_goes_on_from_its_own_position(actions: Actions, token: str) -> None:
    whole = [insert(actions, token, 80 + number) for number in range(3)]
    first = changes(actions, token, "0", "&limit=1")
    assert first.json() == whole[:1]
    assert changes(actions, token, first.headers["Updated-Since"]).json() == whole[1:]


def test_weights_come_in_the_unit_that_is_asked_for(actions: Actions, token: str) -> None:
    insert(actions, token, 100)
    assert changes(actions, token, "0", "&unit=lbs").json()[0]["body_weight"] == "220.462"


@pytest.mark.clause("RFC 9457 §3.2")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("updated_since=", "updated_since"),
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=1", "updated_since"),
        ("updated_since=-1-1", "updated_since"),
        ("updated_since=0&updated_since=0", "updated_since"),
        ("updated_since=0&order=desc", "order"),
        ("updated_since=0&start=2026-01-01T00:00:00Z", "start"),
        ("updated_since=0&client_record_id=a", "client_record_id"),
        ("client_record_id=", "client_record_id"),
        ("updated_since=0&limit=501", "limit"),
        ("updated_since=0&changes=mine", "changes"),
        ("changes=others", "changes"),
    ],
)
def test_a_bad_parameter_is_named(actions: Actions, token: str, query: str, field: str) -> None:
    refused = actions.fit("GET", f"{LIST}?{query}", token)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_a_position_that_never_was_begins_again(actions: Actions, token: str) -> None:
    insert(actions, token, 80)
    refused = actions.fit("GET", f"{LIST}?updated_since=7-7", token)
    assert (refused.status_code, refused.headers["Content-Type"]) == (410, "application/problem+json")


def test_nobody_hears_of_anothers_changes(actions: Actions, token: str) -> None:
    address = f"{LIST}{insert(actions, token, 80)['id']}"
    other = actions.token()
    assert changes(actions, other, "0").json() == []
    actions.fit("DELETE", address, token)
    assert changes(actions, other, "0").json() == []


def test_an_app_that_asks_for_the_changes_of_others_is_not_told_of_its_own(actions: Actions) -> None:
    person = actions.person()
    mine, other = (actions.app().connect(person).access for _ in range(2))
    since = changes(actions, mine, "0").headers["Updated-Since"]
    [own, of_other, both] = [insert(actions, token, 80 + n) for n, token in enumerate((mine, other, other))]
    actions.fit("PATCH", f"{LIST}{both['id']}", mine, json={"body_weight": "70"})
    assert [entry["id"] for entry in changes(actions, mine, since, "&changes=others").json()] == [of_other["id"]]
    assert [entry["id"] for entry in changes(actions, other, since, "&changes=others").json()] == [
        own["id"],
        both["id"],
    ]
    assert len(changes(actions, mine, since, "&changes=all").json()) == 3
    for token, entry in ((mine, of_other), (other, both)):
        actions.fit("DELETE", f"{LIST}{entry['id']}", token)
    page = changes(actions, mine, since, "&changes=others&limit=1")
    assert page.json() == [{"id": both["id"], "deleted": True}]
    assert changes(actions, mine, page.headers["Updated-Since"]).json() == []
    known = {"If-None-Match": page.headers["ETag"]}
    address = f"{LIST}?updated_since={since}&changes=others&limit=1"
    assert [actions.fit("GET", address, token, headers=known).status_code for token in (mine, other)] == [304, 200]


def test_imports_batches_and_twins_of_an_app_are_its_own_changes_too(actions: Actions) -> None:
    person = actions.person()
    mine, other = (actions.app().connect(person).access for _ in range(2))
    entries = [{"body_weight": 80, "unit": "kg", "created_at": f"2026-01-0{day}T07:00:00Z"} for day in (1, 2)]
    assert actions.fit("POST", f"{LIST}import", mine, json=entries[:1]).json()["inserted"] == 1
    assert actions.fit("POST", f"{LIST}batch", mine, json={"entries": entries[1:]}).json()["inserted"] == 1
    assert changes(actions, mine, "0", "&changes=others").json() == []
    assert len(changes(actions, other, "0", "&changes=others").json()) == 2
