"""Export and import: what was exported can be imported, and of a bad file nothing is."""

import csv
import gzip
import io
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
import requests

from fit_service.rules.entry_file import EntryFormat
from fit_service.rules.entry_import import MAX_ENTRIES
from fit_service.rules.export_formats import FORMATS
from tests.support.actions import READ, WRITE, Actions
from tests.support.weights import content

EXPORT, IMPORT = "/api/body_weight/export", "/api/body_weight/import"
CSV_FILE = """body_weight,unit,created_at
82.5,kg,2026-01-31T07:30:00+01:00
181.125,lbs,2026-02-01T06:30:00Z
"""
JSON_FILE = json.dumps(
    [
        {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-31T07:30:00+01:00"},
        {"body_weight": 181.125, "unit": "lbs", "created_at": "2026-02-01T06:30:00Z", "comment": {"any": ["thing"]}},
    ]
)
FILES = [("text/csv", CSV_FILE), ("application/json", JSON_FILE)]


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def send(actions: Actions, token: str, media_type: str, file: str | bytes, **headers: str) -> requests.Response:
    data = file.encode() if isinstance(file, str) else file
    return actions.fit("POST", IMPORT, token, data=data, headers={"Content-Type": media_type, **headers})


def shown(actions: Actions, token: str) -> list[tuple[str, str, str]]:
    entries = actions.fit("GET", token=token).json()
    return [(entry["body_weight"], entry["unit"], entry["created_at"]) for entry in entries]


def result(**counts: int) -> dict[str, Any]:
    """What an import without oddities answers."""
    nothing = {
        "inserted": 0,
        "already_there": 0,
        "merged": 0,
        "marked_deleted": 0,
        "skipped": [],
        "warnings": [],
        "warning_count": 0,
    }
    return {**nothing, **counts}


def told(answer: requests.Response) -> dict[str, Any]:
    """What an import answers, but for as what the file was recognised."""
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name != "recognised"}


IMPORTED = [("82.5", "kg", "2026-01-31T06:30:00+00:00"), ("181.125", "lbs", "2026-02-01T06:30:00+00:00")]


@pytest.mark.parametrize(("media_type", "file"), FILES)
def test_a_file_is_imported_once_however_often_it_is_sent(
    actions: Actions, token: str, media_type: str, file: str
) -> None:
    first = send(actions, token, f"{media_type}; charset=utf-8", file)
    assert told(first) == result(inserted=2)
    assert shown(actions, token) == IMPORTED
    assert told(send(actions, token, media_type, file)) == result(already_there=2)
    assert shown(actions, token) == IMPORTED


def test_what_a_spreadsheet_makes_of_it_is_read_too(actions: Actions, token: str) -> None:
    """A byte order mark, other columns in another order, quotes, blank lines, the same line twice."""
    line = '"2026-01-31T07:30:00+01:00",,"82.5","kg"\r\n'
    file = "\ufeffcreated_at,note,body_weight,unit\r\n" + line + "\r\n" + line
    assert told(send(actions, token, "text/csv", file)) == result(inserted=1, already_there=1)
    assert shown(actions, token) == IMPORTED[:1]


@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_what_is_exported_can_be_imported_by_somebody_else(actions: Actions, token: str, file_format: str) -> None:
    send(actions, token, "text/csv", CSV_FILE)
    exported = actions.fit("GET", f"{EXPORT}?format={file_format}", token)
    media_type = {"csv": "text/csv", "json": "application/json"}[file_format]
    assert exported.headers["Content-Type"].split(";")[0] == media_type
    assert exported.headers["Content-Disposition"] == f"attachment; filename=body_weight.{file_format}"
    other = actions.token()
    assert told(send(actions, other, media_type, exported.content)) == result(inserted=2)
    assert shown(actions, other) == IMPORTED
    assert told(send(actions, token, media_type, exported.content)) == result(already_there=2)


def test_an_export_is_the_whole_list_over_many_pages(actions: Actions, token: str) -> None:
    lines = [f"{60 + number % 40},kg,2026-01-01T00:{number // 60:02}:{number % 60:02}Z\n" for number in range(1203)]
    assert send(actions, token, "text/csv", "body_weight,unit,created_at\n" + "".join(lines)).json()["inserted"] == 1203
    whole, address = [], "/api/body_weight/?limit=500"
    while address:
        page = actions.fit("GET", address, token)
        whole += page.json()
        address = page.links.get("next", {}).get("url", "")
    as_json, as_csv = (actions.fit("GET", f"{EXPORT}?format={name}", token) for name in ("json", "csv"))
    assert as_json.headers["Transfer-Encoding"] == "chunked"
    assert as_json.json() == whole
    rows = [content(entry, utc_offset="", origin="") for entry in whole]
    assert list(csv.DictReader(io.StringIO(as_csv.text))) == rows


def test_a_period_is_exported_in_the_unit_that_is_asked_for(actions: Actions, token: str) -> None:
    send(actions, token, "text/csv", CSV_FILE)
    [entry] = actions.fit("GET", f"{EXPORT}?unit=kg&start=2026-02-01T00:00:00Z", token).json()
    assert (entry["body_weight"], entry["unit"]) == ("82.157", "kg")


@pytest.mark.parametrize(
    ("file_format", "empty"), [("csv", "id,body_weight,unit,created_at,utc_offset,origin\r\n"), ("json", "[]\n")]
)
def test_without_entries_the_file_is_empty_and_can_be_imported(
    actions: Actions, token: str, file_format: str, empty: str
) -> None:
    exported = actions.fit("GET", f"{EXPORT}?format={file_format}", token)
    assert (exported.status_code, exported.text) == (200, empty)
    answer = send(actions, token, exported.headers["Content-Type"], exported.content)
    assert told(answer) == result()


@pytest.mark.clause("RFC 9112 §8")
def test_of_a_file_that_ends_early_nothing_is_imported(actions: Actions, token: str) -> None:
    """As gunicorn hands it over when the connection breaks."""
    file = b"created_at,unit,body_weight\n2026-01-31T07:30:00+01:00,kg,8"  # 2.5 would have followed
    answer = actions.stack.fit_app.test_client().post(
        IMPORT,
        base_url=actions.stack.fit,
        data=file,
        content_type="text/csv",
        headers={"Authorization": f"Bearer {token}"},
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": str(len(file) + 4)},
    )
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert shown(actions, token) == []


@pytest.mark.clause("RFC 9457 §3.2")
def test_each_bad_line_of_a_csv_file_is_named_and_nothing_is_imported(actions: Actions, token: str) -> None:
    file = CSV_FILE + "82.5,stone,2026-02-02T06:30:00Z\n\n83\n84,kg,yesterday\n85,5,kg,2026-02-02T06:30:00Z\n"
    refused = send(actions, token, "text/csv", file)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    errors = refused.json()["errors"]
    assert [(error["line"], error["field"]) for error in errors] == [
        (4, "unit"),
        (6, "unit"),
        (7, "created_at"),
        (8, "entry"),
    ]
    assert all(error["detail"] for error in errors)
    assert shown(actions, token) == []


@pytest.mark.clause("RFC 9457 §3.2")
def test_each_bad_entry_of_a_json_file_is_named_and_nothing_is_imported(actions: Actions, token: str) -> None:
    good = json.loads(JSON_FILE)[0]
    bad: list[Any] = [{**good, "unit": "stone"}, 82.5, None, [good], {"body_weight": "80", "unit": "kg"}]
    refused = send(actions, token, "application/json", json.dumps([good, *bad]))
    assert refused.status_code == 422
    errors = [(error["index"], error["field"]) for error in refused.json()["errors"]]
    assert errors == [(1, "unit"), (2, "entry"), (3, "entry"), (4, "entry"), (5, "created_at")]
    assert shown(actions, token) == []


def test_of_very_many_bad_lines_the_first_hundred_are_named(actions: Actions, token: str) -> None:
    refused = send(actions, token, "text/csv", CSV_FILE + "x,kg,2026-02-02T06:30:00Z\n" * 1000)
    assert len(refused.json()["errors"]) == 100
    assert "100 or more" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("media_type", "file", "status"),
    [
        ("text/csv", "", 422),
        ("text/csv", "82.5,kg,2026-02-02T06:30:00Z\n", 422),
        ("text/csv", "body_weight,unit\n82.5,kg\n", 422),
        ("text/csv", b"body_weight,unit,created_at\n\xff,kg,2026-02-02T06:30:00Z\n", 400),
        ("text/csv", b"body_weight,unit,created_at\n\x00,kg,2026-02-02T06:30:00Z\n", 422),
        ("text/csv", 'body_weight,unit,created_at\n"82.5"x,kg,2026-02-02T06:30:00Z\n', 400),
        ("text/csv", 'body_weight,unit,created_at\n"82.5,kg,2026-02-02T06:30:00Z\n', 400),
        ("application/json", "", 400),
        ("application/json", "{}", 400),
        ("application/json", "82.5", 400),
        ("application/json", JSON_FILE[:-1], 400),
        ("application/json", JSON_FILE + "]", 400),
        ("application/json", "[NaN]", 400),
        ("application/json", b'["\xff"]', 400),
        ("application/json", "[" * 100_000, 400),
        ("application/json", '[{"a":' * 50_000, 400),
        ("application/xml", "<entries/>", 422),
        ("application/octet-stream", b"\x00\xff", 422),
        ("text/plain", CSV_FILE, 415),
    ],
)
def test_what_is_no_such_file_is_refused(
    actions: Actions, token: str, media_type: str, file: str | bytes, status: int
) -> None:
    refused = send(actions, token, media_type, file)
    assert (refused.status_code, refused.headers["Content-Type"]) == (status, "application/problem+json"), refused.text
    assert shown(actions, token) == []


def test_a_file_beyond_the_limit_is_refused(actions: Actions, token: str) -> None:
    refused = send(actions, token, "text/csv", CSV_FILE + "\n" * 1024 * 1024)
    assert (refused.status_code, refused.headers["Content-Type"]) == (413, "application/problem+json")
    assert refused.json()["detail"] == (
        "The body must have at most 1048576 bytes: "
        "split the file by time, or compress it, which may be of 7340032 bytes, or give it to who sends it "
        "in parts, the strength app or `flask --app fit_service import`."
    )


EACH_FORMAT = [pytest.param(each, marks=() if each.name == "fhir" else pytest.mark.torture) for each in FORMATS]
"""The gate tries the one whose files are the longest."""


@pytest.mark.parametrize("entry_format", EACH_FORMAT, ids=lambda each: each.name)
def test_as_many_entries_as_a_file_may_have_come_back_in_their_longest_form(
    actions: Actions, token: str, entry_format: EntryFormat
) -> None:
    """Compressed: the limit is on entries, and not on how we write them."""
    start = datetime(1980, 1, 1, microsecond=1, tzinfo=UTC)
    rows = [f"1181.125,lbs,{(start + timedelta(hours=hour)).isoformat()},+01:00\n" for hour in range(10_000)]
    header = "body_weight,unit,created_at,utc_offset\n"
    assert told(send(actions, token, "text/csv", header + "".join(rows))) == result(inserted=10_000)
    exported = actions.fit("GET", f"{EXPORT}?format={entry_format.name}", token).content
    if len(exported) > 1024 * 1024:
        assert send(actions, token, entry_format.media_type, exported).status_code == 413
    packed = gzip.compress(exported)
    answer = send(actions, token, entry_format.media_type, packed, **{"Content-Encoding": "gzip"})
    assert told(answer) == result(already_there=10_000)


def test_rows_that_are_marked_deleted_do_not_count_as_entries(actions: Actions, token: str) -> None:
    start = datetime(1980, 1, 1, tzinfo=UTC)
    rows = [f"82.5,kg,{(start + timedelta(days=day)).isoformat()},{day >= 10_000}\n" for day in range(10_001)]
    answer = send(actions, token, "text/csv", f"body_weight,unit,created_at,deleted\n{''.join(rows)}")
    assert told(answer) == {
        **result(inserted=10_000, marked_deleted=1),
        "skipped": [{"reason": "It is marked deleted.", "count": 1, "places": ["line 10002"]}],
    }


def test_a_file_may_have_a_hundred_thousand_rows_that_are_marked_deleted(actions: Actions, token: str) -> None:
    header, row = "deleted,body_weight,unit,created_at\n", "1\n"
    read = send(actions, token, "text/csv", header + row * 100_000)
    [skipped] = told(read)["skipped"]
    assert told(read) == {**result(marked_deleted=100_000), "skipped": [skipped]}
    assert (skipped["reason"], skipped["count"]) == ("It is marked deleted.", 100_000)
    refused = send(actions, token, "text/csv", header + row * 100_001)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert refused.json()["detail"] == "The file has more than 100000 deleted entries: leave them out."


def test_separators_that_are_no_commas_are_told(actions: Actions, token: str) -> None:
    refused = send(actions, token, "text/csv", CSV_FILE.replace(",", ";"))
    assert "separated by commas" in refused.json()["detail"]
    refused = send(actions, token, "text/csv", "body_weight,unit,created_at\n82,5,kg,2026-01-31T06:30:00Z\n")
    [fault] = refused.json()["errors"]
    assert (fault["line"], fault["field"]) == (2, "entry")
    assert fault["detail"] == "There are 4 values for 3 columns: 82,5 is written 82.5."


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
def test_a_repeated_import_gets_the_same_answer(actions: Actions, token: str) -> None:
    key = {"Idempotency-Key": "the-key-of-one-import"}
    first = send(actions, token, "text/csv", CSV_FILE, **key)
    assert send(actions, token, "text/csv", CSV_FILE, **key).content == first.content
    assert send(actions, token, "text/csv", CSV_FILE.replace("82.5", "83"), **key).status_code == 422


def test_export_needs_the_scope_to_read_and_import_the_one_to_write(actions: Actions) -> None:
    person, app = actions.person(), actions.app()
    reader, writer = (app.connect(person, scopes=[scope]).access for scope in (READ, WRITE))
    assert send(actions, reader, "text/csv", CSV_FILE).status_code == 403
    assert send(actions, writer, "text/csv", CSV_FILE).status_code == 200
    assert actions.fit("GET", EXPORT, writer).status_code == 403
    assert len(actions.fit("GET", EXPORT, reader).json()) == 2


def test_nobody_exports_anothers_entries(actions: Actions, token: str) -> None:
    send(actions, token, "text/csv", CSV_FILE)
    assert actions.fit("GET", EXPORT, actions.token()).json() == []


def is_crowded() -> bool:
    """Whether this process gets less than half of a processor: then seconds say nothing about who waits for whom."""
    begin, computed = time.perf_counter(), time.thread_time()
    while time.thread_time() < computed + 0.2:
        pass
    return time.perf_counter() - begin > 0.4


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_one_persons_large_imports_keep_nobody_elses_inserts_waiting(actions: Actions, token: str) -> None:
    """With SQLite, where only one can write at a time: a lock for a whole import made a third of the others a 503."""
    first, done = datetime(1990, 1, 1, tzinfo=UTC), threading.Event()
    entry = {"body_weight": "70", "unit": "kg", "created_at": "2026-01-31T06:30:00Z"}
    others = [actions.token() for _ in range(2)]

    def insert(other: str) -> list[int]:
        statuses = []
        while not done.is_set():
            statuses.append(actions.fit("POST", token=other, json=entry).status_code)
        return statuses

    with ThreadPoolExecutor(len(others)) as threads:
        inserting = [threads.submit(insert, other) for other in others]
        try:
            for year in range(3):
                days = (first + timedelta(days=365 * year, minutes=9 * number) for number in range(MAX_ENTRIES))
                file = "".join(f"{70 + day.minute % 20},kg,{day:%Y-%m-%dT%H:%M:%SZ}\n" for day in days)
                answer = send(actions, token, "text/csv", f"body_weight,unit,created_at\n{file}")
                assert (answer.status_code, answer.json()["inserted"]) == (200, MAX_ENTRIES)
        finally:
            done.set()
        statuses = Counter(chain.from_iterable(each.result() for each in inserting))
    assert statuses.keys() <= ({201, 503} if is_crowded() else {201}), statuses
    assert statuses[201] > statuses[503]
