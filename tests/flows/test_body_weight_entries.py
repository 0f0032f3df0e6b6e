"""One entry of the Fit API: inserted, read, changed, deleted, and never by anybody else."""

import re
from typing import Any

import pytest

from tests.support.actions import Actions
from tests.support.weights import content

pytestmark = pytest.mark.core


@pytest.fixture
def token(actions: Actions) -> str:
    """A token of a new person, good for everything at the Fit API."""
    return actions.token()


def entry(**changes: Any) -> dict[str, Any]:
    return {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-31T07:30:00+01:00", **changes}


def test_an_inserted_entry_is_answered_with_its_address_and_read_back_the_same(actions: Actions, token: str) -> None:
    inserted = actions.fit("POST", token=token, json=entry())
    stored = inserted.json()
    assert inserted.status_code == 201
    assert stored == {
        "id": stored["id"],
        "body_weight": "82.5",
        "unit": "kg",
        "created_at": "2026-01-31T06:30:00+00:00",
        "utc_offset": "+01:00",
        "version": stored["version"],
        "stored_at": stored["stored_at"],
        "modified_at": stored["stored_at"],
    }
    assert inserted.headers["Location"] == f"/api/body_weight/{stored['id']}"
    read = actions.fit("GET", inserted.headers["Location"], token)
    assert (read.status_code, read.json()) == (200, stored)
    assert actions.fit("GET", token=token).json() == [stored]


def test_without_a_timestamp_the_entry_is_of_now(actions: Actions, token: str) -> None:
    stored = actions.fit("POST", token=token, json={"body_weight": "200", "unit": "lbs"}).json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", stored["created_at"])
    assert stored["created_at"] > "2026-01-01"


@pytest.mark.parametrize(
    ("sent", "kept"), [("82.500", "82.5"), ("200", "200"), (82.5, "82.5"), (200, "200"), ("70.125", "70.125")]
)
def test_amounts_are_exact_decimals_however_they_are_sent(
    actions: Actions, token: str, sent: object, kept: str
) -> None:
    assert actions.fit("POST", token=token, json=entry(body_weight=sent)).json()["body_weight"] == kept


def test_a_weight_can_be_read_in_the_other_unit(actions: Actions, token: str) -> None:
    address = actions.fit("POST", token=token, json=entry(body_weight="200", unit="lbs")).headers["Location"]
    shown = actions.fit("GET", f"{address}?unit=kg", token).json()
    assert (shown["body_weight"], shown["unit"]) == ("90.718", "kg")
    assert actions.fit("GET", address, token).json()["body_weight"] == "200"


BAD_ENTRIES = [
    ({"unit": "kg"}, "body_weight"),
    ({"body_weight": "80"}, "unit"),
    (entry(body_weight=None), "body_weight"),
    (entry(body_weight=""), "body_weight"),
    (entry(body_weight="heavy"), "body_weight"),
    (entry(body_weight=True), "body_weight"),
    (entry(body_weight=["80"]), "body_weight"),
    (entry(body_weight="-80"), "body_weight"),
    (entry(body_weight="0"), "body_weight"),
    (entry(body_weight="0.9"), "body_weight"),
    (entry(body_weight="701"), "body_weight"),
    (entry(body_weight="1600", unit="lbs"), "body_weight"),
    (entry(body_weight="80.1234"), "body_weight"),
    (entry(body_weight="8e"), "body_weight"),
    (entry(body_weight="NaN"), "body_weight"),
    (entry(body_weight="٨٠"), "body_weight"),
    (entry(body_weight=" 80"), "body_weight"),
    (entry(unit="stone"), "unit"),
    (entry(unit="KG"), "unit"),
    (entry(unit=None), "unit"),
    (entry(unit=["kg"]), "unit"),
    (entry(created_at="yesterday"), "created_at"),
    (entry(created_at="2026-01-31T07:30:00"), "created_at"),
    (entry(created_at="2026-02-30T07:30:00Z"), "created_at"),
    (entry(created_at="2026-01-31"), "created_at"),
    (entry(created_at=1769841000), "created_at"),
]


@pytest.mark.clause("RFC 9457 §3.2")
def test_each_bad_entry_is_refused_naming_its_field_and_none_is_stored(actions: Actions, token: str) -> None:
    for fields, named in BAD_ENTRIES:
        refused = actions.fit("POST", token=token, json=fields)
        body = refused.json()
        assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json"), fields
        assert body == {
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": body["detail"],
            "errors": [{"field": named, "detail": body["detail"]}],
        }, fields
    assert actions.fit("GET", token=token).json() == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"80"', b"\xff", b'{"body_weight": NaN, "unit": "kg"}', b"[" * 9999]
)
def test_a_body_that_is_no_json_object_is_a_bad_request(actions: Actions, token: str, body: bytes) -> None:
    refused = actions.fit("POST", token=token, data=body, headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["status"]) == (400, 400)


def test_a_body_of_another_type_is_not_read(actions: Actions, token: str) -> None:
    assert actions.fit("POST", token=token, data=entry()).status_code == 415


def test_an_entry_can_be_changed_in_part_and_keeps_the_rest(actions: Actions, token: str) -> None:
    inserted = actions.fit("POST", token=token, json=entry())
    address = inserted.headers["Location"]
    changed = actions.fit("PATCH", address, token, json={"body_weight": "81"})
    assert changed.status_code == 200
    assert content(changed.json()) == content(inserted.json(), body_weight="81")
    assert actions.fit("GET", address, token).json() == changed.json()


@pytest.mark.parametrize("fields", [{"unit": "lbs"}, {"body_weight": "0"}, {"created_at": None}])
def test_a_bad_change_changes_nothing(actions: Actions, token: str, fields: dict[str, Any]) -> None:
    inserted = actions.fit("POST", token=token, json=entry())
    assert actions.fit("PATCH", inserted.headers["Location"], token, json=fields).status_code == 422
    assert actions.fit("GET", inserted.headers["Location"], token).json() == inserted.json()


def test_a_deleted_entry_is_gone(actions: Actions, token: str) -> None:
    address = actions.fit("POST", token=token, json=entry()).headers["Location"]
    deleted = actions.fit("DELETE", address, token)
    assert (deleted.status_code, deleted.content) == (204, b"")
    again = [actions.fit(method, address, token, json=entry()).status_code for method in ("GET", "PATCH", "DELETE")]
    assert again == [404, 404, 404]


def test_anothers_entry_looks_like_none(actions: Actions, token: str) -> None:
    address = actions.fit("POST", token=token, json=entry()).headers["Location"]
    other = actions.token()
    for method in ("GET", "PATCH", "DELETE"):
        theirs = actions.fit(method, address, other, json=entry(body_weight="1"))
        nobodys = actions.fit(method, "/api/body_weight/" + "0" * 24, other, json=entry(body_weight="1"))
        assert (theirs.status_code, theirs.json()) == (404, nobodys.json())
    assert actions.fit("GET", token=other).json() == []
    assert actions.fit("GET", address, token).json()["body_weight"] == "82.5"


@pytest.mark.clause("RFC 9110 §15.5.6", line=50)
def test_no_method_is_a_way_around_the_token(actions: Actions) -> None:
    for path in ("/api/body_weight/", "/api/body_weight/latest", f"/api/body_weight/{'0' * 24}"):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            answer = actions.fit(method, path, headers={"X-HTTP-Method-Override": "OPTIONS"})
            assert answer.status_code in {401, 405}, (method, path)
            assert answer.status_code == 401 or method not in answer.headers["Allow"].split(", ")
        options = actions.fit("OPTIONS", path)
        assert (options.status_code, options.content) == (200, b"")


@pytest.mark.clause("RFC 6750 §5.3", line=49)
def test_no_shared_cache_keeps_what_belongs_to_a_person(actions: Actions) -> None:
    token = actions.token()
    inserted = actions.fit("POST", token=token, json={"body_weight": "80", "unit": "kg"})
    entry = inserted.headers["Location"].removeprefix(actions.stack.fit)
    answers = [inserted] + [
        actions.fit("GET", path, token)
        for path in ("/api/body_weight/", "/api/body_weight/latest", entry, "/api/body_weight/export?format=csv")
    ]
    for answer in answers:
        assert answer.ok
        assert answer.headers["Cache-Control"] in {"no-store", "private, no-cache, no-transform"}


@pytest.mark.clause("RFC 6750 §2", line=45)
def test_a_token_in_a_form_is_none_and_beside_another_a_bad_request(actions: Actions) -> None:
    token = actions.token()
    assert actions.fit("POST", data={"access_token": token}).status_code == 401
    assert actions.fit("POST", token=token, data={"access_token": token}).status_code == 400


def test_a_token_that_stands_for_an_app_reaches_nobodys_entries(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials")
    token = app.client_credentials().json()["access_token"]
    assert actions.fit("GET", token=token).status_code == 403
    assert actions.fit("POST", token=token, json=entry()).status_code == 403


@pytest.mark.clause("RFC 9457 §3.1.4")
def test_an_address_at_which_nothing_is_says_so_to_a_program(actions: Actions) -> None:
    answer = actions.fit("GET", "/api/nothing")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "There is nothing at this address."
