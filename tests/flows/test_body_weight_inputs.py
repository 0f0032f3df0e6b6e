"""What people's programs send beside the entry itself is read, or refused with what to do next."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from fit_service.rules.formats.table import UNPACKED
from tests.support.actions import Actions

LIST, BATCH, IMPORT = "/api/body_weight/", "/api/body_weight/batch", "/api/body_weight/import"
GOOD = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-31T06:30:00Z"}
ROW = "82.5,kg,2026-01-31T06:30:00Z"
CSV_FILE = f"body_weight,unit,created_at\n{ROW}\n"
LIMIT = UNPACKED * 1024 * 1024
"""Bytes of what is unpacked."""


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def send(actions: Actions, token: str, file: str | bytes, media_type: str = "text/csv", **headers: str) -> Any:
    data = file.encode() if isinstance(file, str) else file
    return actions.fit("POST", IMPORT, token, data=data, headers={"Content-Type": media_type, **headers})


def assert_inserted(answer: requests.Response, count: int = 1) -> None:
    assert (answer.status_code, answer.json().get("inserted")) == (200, count), answer.text


@pytest.mark.parametrize(
    "file",
    [
        f"body_weight,unit,created_at,\n{ROW},\n",
        f"body_weight,unit,created_at\n{ROW},,,\n",
        f"body_weight,unit,created_at,,\n{ROW}\n,,,,\n,,\n",
        f" body_weight , unit,created_at \n{ROW}\n",
        f"body_weight, unit, created_at\n , ,\n{ROW.replace(',', ', ')}\n",
    ],
    ids=["a comma at the end", "commas after a row", "rows of commas", "blanks around names", "blanks after commas"],
)
def test_commas_of_spreadsheets_are_no_columns_and_no_entries(actions: Actions, token: str, file: str) -> None:
    assert_inserted(send(actions, token, file))


@pytest.mark.clause("RFC 8259 §8.1")
def test_a_byte_order_mark_before_json_is_ignored(actions: Actions, token: str) -> None:
    headers = {"Content-Type": "application/json"}
    bodies = {LIST: GOOD, BATCH: {"entries": [GOOD]}, IMPORT: [{**GOOD, "created_at": "2026-01-01T06:30:00Z"}]}
    for path, body in bodies.items():
        data = json.dumps(body).encode("utf-8-sig")
        assert actions.fit("POST", path, token, data=data, headers=headers).ok, path


@pytest.mark.clause("RFC 7111 §5.1")
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "iso-8859-1", "windows-1252", "utf-16", "us-ascii"])
def test_csv_is_read_in_the_charset_that_it_says(actions: Actions, token: str, charset: str) -> None:
    note = "after" if charset == "us-ascii" else "après le café"
    file = f"note,body_weight,unit,created_at\n{note},{ROW}\n".encode(charset)
    assert_inserted(send(actions, token, file, f"text/csv; charset={charset}"))
    assert_inserted(send(actions, token, file, f'text/csv; header=present; charset="{charset}"'), 0)


def test_a_charset_that_is_not_read_is_named_with_those_that_are(actions: Actions, token: str) -> None:
    for media_type, known in (("text/csv", "windows-1252"), ("application/json", "utf-8")):
        refused = send(actions, token, CSV_FILE, f"{media_type}; charset=ebcdic")
        assert (refused.status_code, known in refused.json()["detail"]) == (415, True)


@pytest.mark.clause("RFC 9110 §15.5.16")
@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, gzip"])
def test_a_coding_that_is_not_read_is_refused_with_what_is(actions: Actions, token: str, coding: str) -> None:
    entry = actions.fit("POST", token=token, json=GOOD).headers["Location"]
    data = gzip.compress(json.dumps(GOOD).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    paths = [("POST", LIST), ("POST", BATCH), ("PATCH", entry), ("POST", "/api/webhooks/")]
    for method, path in paths if coding == "gzip" else [*paths, ("POST", IMPORT)]:
        refused = actions.fit(method, path, token, data=data, headers=headers)
        assert refused.status_code == 415, path
        assert refused.headers["Accept-Encoding"] == ("gzip" if path == IMPORT else "identity")
        assert "Content-Encoding" in refused.json()["detail"]


@pytest.mark.clause("RFC 9110 §8.4")
def test_a_file_may_be_compressed_with_gzip(actions: Actions, token: str) -> None:
    packed = {"Content-Encoding": "gzip"}
    assert_inserted(send(actions, token, gzip.compress(CSV_FILE.encode()), **packed))
    as_json = gzip.compress(json.dumps([{**GOOD, "body_weight": "90"}]).encode())
    assert_inserted(send(actions, token, as_json, "application/json", **packed))
    assert_inserted(send(actions, token, CSV_FILE, **{"Content-Encoding": "identity"}), 0)


def padded(length: int) -> bytes:
    """A file with lines of nothing but commas."""
    return (CSV_FILE.encode() + b"\n".join([b"," * 99] * (length // 100)))[:length].ljust(length, b",")


@pytest.mark.parametrize(
    ("pack", "status"),
    [
        (lambda: gzip.compress(padded(LIMIT)), 200),
        (lambda: gzip.compress(padded(LIMIT + 1)), 413),
        (lambda: gzip.compress(padded(16 * LIMIT), compresslevel=1), 413),
        (lambda: gzip.compress(CSV_FILE.encode())[:-1], 400),
        (lambda: gzip.compress(CSV_FILE.encode()) * 2, 400),
        (CSV_FILE.encode, 400),
        (lambda: b"", 400),
    ],
    ids=["as much as a file may have", "a byte more", "much more", "cut", "two members", "not gzip", "nothing"],
)
def test_what_it_unpacks_to_is_bounded(actions: Actions, token: str, pack: Callable[[], bytes], status: int) -> None:
    answer = send(actions, token, pack(), **{"Content-Encoding": "gzip"})
    assert answer.status_code == status, answer.text


def test_a_parameter_that_nobody_knows_is_refused(actions: Actions, token: str) -> None:
    entry = actions.fit("POST", token=token, json=GOOD).headers["Location"]
    calls = [
        ("GET", f"{LIST}?from=2026-01-01T00:00:00Z", "from"),
        ("GET", f"{LIST}latest?units=lbs", "units"),
        ("GET", f"{entry}?Unit=lbs", "Unit"),
        ("GET", f"{LIST}summary?timezone=Europe/Berlin", "timezone"),
        ("DELETE", f"{entry}?if_match=x", "if_match"),
        ("GET", "/api/webhooks/?limit=1", "limit"),
    ]
    for method, path, name in calls:
        refused = actions.fit(method, path, token)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, name), path
    assert actions.fit("GET", entry, token).status_code == 200


@pytest.mark.parametrize("path", ["", "summary", "export"])
def test_a_period_that_ends_before_it_starts_is_refused(actions: Actions, token: str, path: str) -> None:
    for query in ("start=2026-02-01T00:00:00Z&end=2026-01-31T23:59:59Z", "start=2026-02-01&end=2026-01-31"):
        refused = actions.fit("GET", f"{LIST}{path}?{query}", token)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "end")


@pytest.mark.parametrize("path", ["", "export", "summary"])
def test_bounds_may_be_days_of_a_time_zone(actions: Actions, token: str, path: str) -> None:
    """In Cairo, April 28, 2023 begins at one o'clock, when it is 22:00 in UTC on the day before."""
    instants = ["2023-04-27T21:59:59Z", "2023-04-27T22:00:00Z", "2023-04-28T20:59:59Z", "2023-04-28T21:00:00Z"]
    entries = [
        {"body_weight": str(80 + number), "unit": "kg", "created_at": instant}
        for number, instant in enumerate(instants)
    ]
    actions.fit("POST", BATCH, token, json={"entries": entries})
    query = "start=2023-04-28&end=2023-04-29&tz=Africa/Cairo"
    answer = actions.fit("GET", f"{LIST}{path}?{query}", token)
    assert answer.status_code == 200, answer.text
    if path == "summary":
        [bucket] = answer.json()["buckets"]
        assert (bucket["count"], bucket["min"], bucket["max"]) == (2, "81", "82")
    else:
        assert [entry["body_weight"] for entry in answer.json()] == ["81", "82"]
    assert len(actions.fit("GET", f"{LIST}?start=2023-04-28", token).json()) == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=2026-02-30", "start"),
        ("end=0001-01-01", "end"),
        ("end=9999-12-31&tz=America/New_York", "end"),
        ("start=26-01-01", "start"),
        ("start=2026-01-01&tz=Berlin", "tz"),
        ("tz=Europe/Berlin&updated_since=0", "tz"),
    ],
)
def test_a_day_that_does_not_exist_is_named(actions: Actions, token: str, query: str, field: str) -> None:
    refused = actions.fit("GET", f"{LIST}?{query}", token)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.clause("RFC 3339 §5.6")
def test_a_summary_of_long_ago_has_offsets_that_can_be_written(actions: Actions, token: str) -> None:
    """Until 1972 the clocks of Monrovia were 44 minutes and 30 seconds behind: RFC 3339 has no seconds there."""
    old = {**GOOD, "created_at": "1930-01-01T12:00:00Z"}
    actions.fit("POST", token=token, json=old)
    [bucket] = actions.fit("GET", f"{LIST}summary?tz=Africa/Monrovia", token).json()["buckets"]
    assert (bucket["start"], bucket["end"]) == ("1930-01-01T00:44:30+00:00", "1930-01-02T00:44:30+00:00")
