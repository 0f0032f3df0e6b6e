"""The list of a person's entries: order, pages, ranges, units."""

import pytest

from tests.support.actions import Actions

LIST = "/api/body_weight/"


@pytest.fixture
def token(actions: Actions) -> str:
    """A person with seven entries, one a day, two of them at the same instant."""
    token = actions.token()
    for day in (3, 1, 2, 6, 4, 5, 5):
        body = {"body_weight": str(80 + day), "unit": "kg", "created_at": f"2026-03-{day:02}T08:00:00Z"}
        assert actions.fit("POST", token=token, json=body).status_code == 201
    return token


def weights(actions: Actions, token: str, query: str) -> list[str]:
    answer = actions.fit("GET", LIST + query, token)
    assert answer.status_code == 200, answer.text
    return [entry["body_weight"] for entry in answer.json()]


def test_the_oldest_comes_first_unless_turned(actions: Actions, token: str) -> None:
    assert weights(actions, token, "") == ["81", "82", "83", "84", "85", "85", "86"]
    assert weights(actions, token, "?order=desc") == ["86", "85", "85", "84", "83", "82", "81"]


@pytest.mark.clause("RFC 8288 §3")
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7])
def test_pages_lose_and_repeat_nothing(actions: Actions, token: str, order: str, limit: int) -> None:
    whole = actions.fit("GET", f"{LIST}?order={order}", token).json()
    collected, address = [], f"{LIST}?order={order}&limit={limit}"
    while address:
        page = actions.fit("GET", address, token)
        assert 1 <= len(page.json()) <= limit
        collected += page.json()
        address = page.links.get("next", {}).get("url", "")
    assert collected == whole
    assert len({entry["id"] for entry in collected}) == 7


def test_an_entry_inserted_between_two_pages_disturbs_neither(actions: Actions, token: str) -> None:
    first = actions.fit("GET", f"{LIST}?limit=3", token)
    early = {"body_weight": "99", "unit": "kg", "created_at": "2026-02-01T08:00:00Z"}
    actions.fit("POST", token=token, json=early)
    rest = actions.fit("GET", first.links["next"]["url"], token).json()
    assert [entry["body_weight"] for entry in rest] == ["84", "85", "85"]


def test_a_range_begins_with_its_start_and_ends_before_its_end(actions: Actions, token: str) -> None:
    assert weights(actions, token, "?start=2026-03-02T08:00:00Z&end=2026-03-04T08:00:00Z") == ["82", "83"]
    assert weights(actions, token, "?start=2026-03-06T09:00:00%2B01:00") == ["86"]
    assert weights(actions, token, "?end=2026-03-01T08:00:00Z") == []


def test_the_list_can_be_read_in_the_other_unit(actions: Actions, token: str) -> None:
    shown = actions.fit("GET", f"{LIST}?unit=lbs&limit=1", token)
    assert [(entry["body_weight"], entry["unit"]) for entry in shown.json()] == [("178.574", "lbs")]
    assert "unit=lbs" in shown.links["next"]["url"]


@pytest.mark.clause("RFC 9457 §3.2")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?limit=-1", "limit"),
        ("?limit=ten", "limit"),
        ("?limit=", "limit"),
        ("?limit=1.5", "limit"),
        ("?order=up", "order"),
        ("?unit=stone", "unit"),
        ("?start=yesterday", "start"),
        ("?start=2026-03-01T08:00:00", "start"),
        ("?end=2026-13-01T08:00:00Z", "end"),
        ("?cursor=", "cursor"),
        ("?cursor=x", "cursor"),
        ("?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTphYg==", "cursor"),
    ],
)
def test_a_bad_parameter_is_named(actions: Actions, token: str, query: str, field: str) -> None:
    refused = actions.fit("GET", LIST + query, token)
    body = refused.json()
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert body["errors"] == [{"field": field, "detail": body["detail"]}]


def test_a_person_without_entries_has_an_empty_list(actions: Actions) -> None:
    answer = actions.fit("GET", token=actions.token())
    assert (answer.status_code, answer.json(), answer.links) == (200, [], {})
