"""Many entries in one request: each with its own result, or all or nothing."""

from typing import Any

import pytest
import requests

from tests.support.actions import READ, WRITE, Actions

BATCH = "/api/body_weight/batch"
GOOD = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-31T06:30:00Z"}
ALSO_GOOD = {"body_weight": "180", "unit": "lbs", "created_at": "2026-02-01T06:30:00Z"}
BAD = {"body_weight": "82.5", "unit": "stone"}


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def send(actions: Actions, token: str, body: dict[str, Any], **options: Any) -> requests.Response:
    return actions.fit("POST", BATCH, token, json=body, **options)


def test_each_entry_gets_its_own_result(actions: Actions, token: str) -> None:
    answer = send(actions, token, {"entries": [GOOD, BAD, ALSO_GOOD, "82.5"]})
    stored = actions.fit("GET", token=token).json()
    assert answer.status_code == 200
    assert answer.json() == {
        "inserted": 2,
        "results": [
            {"status": 201, "entry": stored[0]},
            {"status": 422, "errors": [{"field": "unit", "detail": "unit must be lbs or kg."}]},
            {"status": 201, "entry": stored[1]},
            {"status": 422, "errors": [{"field": "entries", "detail": "An entry must be a JSON object."}]},
        ],
    }
    assert [(entry["body_weight"], entry["unit"]) for entry in stored] == [("82.5", "kg"), ("180", "lbs")]


@pytest.mark.clause("RFC 9457 §3.2")
def test_all_or_nothing_inserts_nothing_if_one_is_bad_and_says_which(actions: Actions, token: str) -> None:
    refused = send(actions, token, {"entries": [GOOD, BAD, ALSO_GOOD, {}], "all_or_nothing": True})
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert refused.json()["errors"] == [
        {"index": 1, "field": "unit", "detail": "unit must be lbs or kg."},
        {"index": 3, "field": "body_weight", "detail": "body_weight is required."},
    ]
    assert actions.fit("GET", token=token).json() == []
    assert send(actions, token, {"entries": [GOOD, ALSO_GOOD], "all_or_nothing": True}).json()["inserted"] == 2


def test_five_hundred_entries_fit_and_one_more_does_not(actions: Actions, token: str) -> None:
    assert send(actions, token, {"entries": [GOOD] * 500}).json()["inserted"] == 500
    refused = send(actions, token, {"entries": [GOOD] * 501})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "entries")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "entries"),
        ({"entries": []}, "entries"),
        ({"entries": GOOD}, "entries"),
        ({"entries": None}, "entries"),
        ({"entries": [GOOD], "all_or_nothing": "yes"}, "all_or_nothing"),
        ({"entries": [GOOD], "all_or_nothing": None}, "all_or_nothing"),
    ],
)
def test_what_is_no_batch_is_refused(actions: Actions, token: str, body: dict[str, Any], field: str) -> None:
    refused = send(actions, token, body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert actions.fit("GET", token=token).json() == []


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
def test_a_repetition_gets_the_same_results_and_inserts_nothing(actions: Actions, token: str) -> None:
    headers = {"Idempotency-Key": "the-key-of-one-batch"}
    first = send(actions, token, {"entries": [GOOD, BAD]}, headers=headers)
    assert send(actions, token, {"entries": [GOOD, BAD]}, headers=headers).content == first.content
    assert send(actions, token, {"entries": [GOOD]}, headers=headers).status_code == 422
    assert len(actions.fit("GET", token=token).json()) == 1


def test_a_batch_that_is_too_long_is_refused_unread(actions: Actions, token: str) -> None:
    refused = send(actions, token, {"entries": [], "padding": "x" * 256 * 1024})
    assert (refused.status_code, refused.headers["Content-Type"]) == (413, "application/problem+json")


def test_a_batch_needs_the_scope_to_write(actions: Actions) -> None:
    reader = actions.app().connect(actions.person(), scopes=[READ]).access
    refused = send(actions, reader, {"entries": [GOOD]})
    assert refused.status_code == 403
    assert f'scope="{WRITE}"' in refused.headers["WWW-Authenticate"]


@pytest.mark.clause("RFC 9110 §15.5.6")
@pytest.mark.parametrize(
    ("address", "method", "allowed"),
    [
        ("batch", "GET", {"POST"}),
        ("batch", "DELETE", {"POST"}),
        ("import", "PATCH", {"DELETE", "POST"}),
        ("latest", "POST", {"GET", "HEAD"}),
        ("latest", "DELETE", {"GET", "HEAD"}),
        ("summary", "PATCH", {"GET", "HEAD"}),
        ("export", "POST", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_is_told_which_ones_there_are(
    actions: Actions, token: str, address: str, method: str, allowed: set[str]
) -> None:
    refused = actions.fit(method, f"/api/body_weight/{address}", token)
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {*allowed, "OPTIONS"}
