"""A person imports a file with the app: what is shown, what is asked, and that nothing stays half-done."""

import io
import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from examples.strength_app import import_reading
from examples.strength_app.import_files import ImportFiles
from examples.strength_app.moogle_fit import MoogleFit, UnavailableError
from fit_service.rules.entry_import import MAX_ENTRIES
from tests.support.actions import READ, TIMEOUT, Actions, Person
from tests.support.imported_files import WITHINGS
from tests.support.polling import eventually
from tests.support.strength_app import StrengthApp

BEGIN = datetime(2020, 1, 1, 6, 30, tzinfo=UTC)


def listed(actions: Actions, person: Person) -> list[dict[str, Any]]:
    token = actions.app().connect(person).access
    entries: list[dict[str, Any]] = actions.fit("GET", "/api/body_weight/?limit=500", token).json()
    return entries


def rows(count: int, last: str = "") -> bytes:
    lines = (f"{80 + n % 9}.5,kg,{(BEGIN + timedelta(hours=n)).isoformat()}\n" for n in range(count))
    return ("body_weight,unit,created_at\n" + "".join(lines) + last).encode()


def path_of(page: requests.Response) -> str:
    path = re.search(r"/import/[0-9a-f]{32}", page.url)
    assert path is not None, page.text
    return path[0]


def text_of(page: requests.Response) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page.text).split())


def test_a_person_sees_what_would_happen_says_yes_and_may_take_it_back(
    app: StrengthApp, mo: Person, actions: Actions
) -> None:
    page = app.upload(mo, rows(3) + b"80.5,kg,2020-01-01T06:30:00Z\n\n81,kg,\n".replace(b"81,kg,\n", b""))
    assert "Our own CSV : its first line names the columns body_weight, unit, created_at." in text_of(page)
    assert "3 weights to import" in text_of(page)
    assert "1 is there already" in text_of(page)
    assert "line 2 2020-01-01 06:30 80.5 kg" in text_of(page)
    assert listed(actions, mo) == []

    page = app.post(mo, f"{path_of(page)}/yes")
    assert "3 weights were imported" in text_of(page)
    assert [entry["body_weight"] for entry in listed(actions, mo)] == ["80.5", "81.5", "82.5"]

    page = app.post(mo, f"{path_of(page)}/undo")
    assert "3 weights of weights.csv are gone again." in text_of(page)
    assert listed(actions, mo) == []


def test_what_the_file_does_not_say_is_asked_for_and_shown_as_it_would_be(
    app: StrengthApp, mo: Person, actions: Actions
) -> None:
    page = app.upload(mo, WITHINGS.read_bytes(), WITHINGS.name)
    assert "The file says local times, and not where. line 2, line 3, line 4…" in text_of(page)
    assert "/yes" not in page.text
    page = app.post(mo, f"{path_of(page)}/choices", tz="Europe/Berlin")
    assert "The local time happened twice in Europe/Berlin" in text_of(page)
    page = app.post(mo, f"{path_of(page)}/choices", tz="Europe/Berlin", clock_changes="skip")
    assert "2 weights to import" in text_of(page)
    assert (
        "2 left out: its local time happened twice or not at all, because the clocks were changed. line 2, line 4"
        in (text_of(page))
    )
    app.post(mo, f"{path_of(page)}/yes")
    assert [entry["created_at"] for entry in listed(actions, mo)] == [
        "2026-01-05T06:30:00+00:00",
        "2026-07-03T04:45:10+00:00",
    ]


def test_of_an_unknown_csv_the_person_says_which_column_is_which(
    app: StrengthApp, mo: Person, actions: Actions
) -> None:
    page = app.upload(mo, b"Datum;Gewicht\n05.01.2026 07:30;82,5\n")
    assert "Which column is which?" in text_of(page)
    columns = {"column_body_weight": "Gewicht", "column_created_at": "Datum"}
    page = app.post(mo, f"{path_of(page)}/choices", **columns, tz="Europe/Berlin", unit="kg")
    assert "CSV : cells are separated by semicolons, decimals are written with a comma." in text_of(page)
    app.post(mo, f"{path_of(page)}/yes")
    assert [(each["body_weight"], each["created_at"]) for each in listed(actions, mo)] == [
        ("82.5", "2026-01-05T06:30:00+00:00")
    ]


def test_likely_twins_are_told_and_left_out_if_the_person_wants_that(
    app: StrengthApp, mo: Person, actions: Actions
) -> None:
    app.add(mo, "80.52", moment="2020-01-01T06:30")
    page = app.upload(mo, rows(2))
    assert "It is likely the same weighing as 80.52 kg" in text_of(page)
    page = app.post(mo, f"{path_of(page)}/choices", twins="merge")
    assert "1 weight to import" in text_of(page)
    app.post(mo, f"{path_of(page)}/yes")
    assert [entry["body_weight"] for entry in listed(actions, mo)] == ["80.52", "81.5"]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"\x00\x01\x02", "The file is none that is known here"),
        (rows(3, "eighty,kg,2026\n"), "line 5 body_weight must be a positive decimal number"),
        (b"PK\x03\x04 and no zip", "The file can&#39;t be read as zip"),
    ],
)
def test_what_can_not_be_imported_is_said_with_its_rows(
    app: StrengthApp, mo: Person, actions: Actions, file: bytes, said: str
) -> None:
    page = app.upload(mo, file)
    assert said in text_of(page)
    assert "/yes" not in page.text
    app.post(mo, f"{path_of(page)}/yes")
    assert listed(actions, mo) == []


def test_a_file_beyond_the_limits_of_the_api_comes_in_batches(app: StrengthApp, mo: Person, actions: Actions) -> None:
    """An export of Apple in its zip, of 8 MB with more weights than one import may have."""
    record = '<Record type="HKQuantityTypeIdentifier{}" unit="{}" startDate="{:%Y-%m-%d %H:%M:%S} +0000" value="{}"/>\n'
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            steps = record.format("StepCount", "count", BEGIN, 7) * 70_000
            weights = "".join(
                record.format("BodyMass", "kg", BEGIN + timedelta(hours=n), 80 + n % 9) for n in range(MAX_ENTRIES + 1)
            )
            archive.writestr("apple_health_export/export.xml", f"<HealthData>\n{steps}{weights}</HealthData>\n")
        page = app.upload(mo, file.getvalue(), "export.zip")
    path = path_of(page)
    eventually(lambda: "10,001 weights to import" in text_of(app.open(mo, path)))
    assert "70,000 left out: it is a measure of something else." in text_of(app.open(mo, path))
    app.post(mo, f"{path}/yes")
    eventually(lambda: "10,001 weights were imported" in text_of(app.open(mo, path)))
    summary = actions.fit(
        "GET", "/api/body_weight/summary?bucket=month&start=2019-01-01", actions.app().connect(mo).access
    ).json()
    assert sum(bucket["count"] for bucket in summary["buckets"]) == MAX_ENTRIES + 1


def test_cancelled_in_the_middle_it_leaves_nothing_half_done(
    app: StrengthApp, mo: Person, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.add(mo, "90", moment="2019-12-31T06:30")
    before = listed(actions, mo)
    monkeypatch.setattr(import_reading, "PART", 2)
    page = app.upload(mo, rows(9))
    path, reach, there = path_of(page), ImportFiles.reach, list[int]()

    def cancel_after_six(files: ImportFiles, import_id: str, reached: int, whole: int) -> bool:
        if reached == 6 and not there:
            there.append(len(listed(actions, mo)))
            app.post(mo, f"{path}/cancel")
        return reach(files, import_id, reached, whole)

    with monkeypatch.context() as patched:
        patched.setattr(ImportFiles, "reach", cancel_after_six)
        app.post(mo, f"{path}/yes")
        eventually(lambda: "The import was taken back" in app.open(mo, path).text)
    assert there == [7]
    assert listed(actions, mo) == before


def test_while_moogle_is_away_it_waits_and_goes_on_where_it_was(
    app: StrengthApp, mo: Person, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of the third batch is lost: it is asked for once more, and counted once."""
    monkeypatch.setattr(import_reading, "PART", 2)
    monkeypatch.setattr("examples.strength_app.import_work._REPEATED_AFTER", ())
    path, call, keys = path_of(app.upload(mo, rows(9))), MoogleFit.call, list[str]()

    def lose(fit: MoogleFit, *arguments: Any, **options: Any) -> requests.Response:
        answer = call(fit, *arguments, **options)
        keys.append(options.get("headers", {}).get("Idempotency-Key"))
        if keys.count(keys[-1]) == 1 and str(keys[-1]).endswith("-2"):
            raise UnavailableError
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(MoogleFit, "call", lose)
        page = app.post(mo, f"{path}/yes")
        assert "The import was interrupted" in page.text
        page = app.post(mo, f"{path}/yes")
    assert "9 weights were imported" in text_of(page)
    assert len(listed(actions, mo)) == 9


def test_an_expired_token_is_refreshed_on_the_way(
    app: StrengthApp, mo: Person, actions: Actions, tmp_path: Path
) -> None:
    page = app.upload(mo, rows(3))
    app.expire_all(tmp_path)
    assert "3 weights were imported" in text_of(app.post(mo, f"{path_of(page)}/yes"))


def test_nobody_else_sees_or_sends_the_file_and_none_is_kept(
    app: StrengthApp, mo: Person, actions: Actions, tmp_path: Path
) -> None:
    path = path_of(app.upload(mo, rows(3)))
    other = actions.person()
    app.connect(other)
    assert app.open(other, path).status_code == 404
    assert app.post(other, f"{path}/yes").status_code == 404
    assert len(list((tmp_path / "imports").iterdir())) == 1
    assert "Nothing was imported." in app.post(mo, f"{path}/cancel").text
    app.upload(mo, rows(3))
    app.disconnect(mo)
    assert list((tmp_path / "imports").iterdir()) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_process_that_was_stopped_leaves_an_import_that_can_be_taken_back(
    app: StrengthApp, mo: Person, actions: Actions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after six of nine, as a machine does: nobody says that it is over."""
    monkeypatch.setattr(import_reading, "PART", 2)
    path, reach = path_of(app.upload(mo, rows(9))), ImportFiles.reach

    def die_after_six(files: ImportFiles, import_id: str, reached: int, whole: int) -> bool:
        if reached == 6:
            raise SystemExit
        return reach(files, import_id, reached, whole)

    with monkeypatch.context() as patched:
        patched.setattr(ImportFiles, "reach", die_after_six)
        assert "Importing weights.csv" in text_of(app.post(mo, f"{path}/yes"))
    assert "One file after the other" in app.upload(mo, rows(1)).text
    with closing(sqlite3.connect(tmp_path / "app.sqlite")) as database, database:
        database.execute("UPDATE imports SET touched = touched - 31")
    assert "The import was interrupted" in app.open(mo, path).text
    assert len(listed(actions, mo)) == 6
    assert "6 weights of weights.csv are gone again." in text_of(app.post(mo, f"{path}/cancel"))
    assert listed(actions, mo) == []


def test_of_files_that_nobody_said_yes_to_the_last_is_kept(app: StrengthApp, mo: Person, tmp_path: Path) -> None:
    first = path_of(app.upload(mo, rows(3)))
    app.upload(mo, rows(4))
    assert app.open(mo, first).status_code == 404
    assert len(list((tmp_path / "imports").iterdir())) == 1


def test_only_who_may_write_can_upload(app: StrengthApp, actions: Actions, tmp_path: Path) -> None:
    long = {"file": ("long.csv", b"x" * 100_000)}
    assert requests.post(f"{app.url}/import", files=long, timeout=TIMEOUT).status_code == 413
    reader = actions.person()
    app.connect(reader, scopes=(READ,))
    assert app.upload(reader, b"x" * 100_000).status_code == 413
    assert list((tmp_path / "imports").iterdir()) == []
    assert "Choose a file" not in app.open(reader, "/import").text
