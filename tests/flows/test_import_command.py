"""`flask --app fit_service import FILE`: files of any length, from the machine of the service, whole or not at all."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from fit_service.cli import file_import
from fit_service.rules.entry_import import MAX_ENTRIES
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from tests.support.actions import Actions, Person
from tests.support.imported_files import WITHINGS

BEGIN = datetime(2020, 1, 1, 6, 30, tzinfo=UTC)


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


def run(actions: Actions, *arguments: str) -> Result:
    return actions.stack.fit_app.test_cli_runner().invoke(args=list(arguments))


def imported(actions: Actions, person: Person, file: Path, *options: str) -> dict[str, Any]:
    result = run(actions, "import", str(file), "--account", person.subject, *options)
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def listed(actions: Actions, person: Person) -> list[tuple[str, str, str]]:
    entries = actions.fit("GET", "/api/body_weight/?limit=500", actions.app().connect(person).access).json()
    return [(entry["body_weight"], entry["unit"], entry["created_at"]) for entry in entries]


def lines(folder: Path, count: int, last: str = "") -> Path:
    rows = (f"{80 + n % 9}.5,kg,{(BEGIN + timedelta(hours=n)).isoformat()}\n" for n in range(count))
    file = folder / "weights.csv"
    file.write_text("body_weight,unit,created_at\n" + "".join(rows) + last)
    return file


def test_it_reads_what_an_import_reads_and_says_the_same(actions: Actions, mo: Person) -> None:
    other = actions.app().connect(actions.person()).access
    sent = actions.fit(
        "POST",
        "/api/body_weight/import?tz=Europe/Berlin&clock_changes=skip",
        other,
        data=WITHINGS.read_bytes(),
        headers={"Content-Type": "text/csv"},
    )
    answer = imported(actions, mo, WITHINGS, "--tz", "Europe/Berlin", "--clock-changes", "skip")
    assert answer.pop("import_id")
    assert answer == sent.json()
    theirs = actions.fit("GET", "/api/body_weight/?limit=500", other).json()
    assert listed(actions, mo) == [(each["body_weight"], each["unit"], each["created_at"]) for each in theirs]


def test_what_a_file_does_not_say_has_to_be_chosen_and_the_rows_are_named(actions: Actions, mo: Person) -> None:
    result = run(actions, "import", str(WITHINGS), "--account", mo.subject)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 2: tz: The file says the local time and no zone" in result.stderr
    refused = run(actions, "import", str(WITHINGS), "--account", mo.subject, "--tz", "localtime")
    assert "--tz must be" in refused.stderr
    assert listed(actions, mo) == []


def test_a_dry_run_tells_and_stores_nothing(actions: Actions, mo: Person, tmp_path: Path) -> None:
    told = imported(actions, mo, WITHINGS, "--dry-run")
    assert [each["parameter"] for each in told["dry_run"]["questions"]] == ["tz"]
    told = imported(actions, mo, lines(tmp_path, 30), "--dry-run")
    assert (told["inserted"], len(told["dry_run"]["entries"])) == (30, 10)
    assert told["dry_run"]["entries"][0]["place"] == "line 2"
    assert listed(actions, mo) == []


def test_a_file_may_have_more_entries_than_a_request_and_comes_once(
    actions: Actions, mo: Person, tmp_path: Path
) -> None:
    file = lines(tmp_path, MAX_ENTRIES + 1)
    assert imported(actions, mo, file)["inserted"] == MAX_ENTRIES + 1
    again = imported(actions, mo, file, "--dry-run")
    assert (again["inserted"], again["already_there"]) == (0, MAX_ENTRIES + 1)


def test_of_a_file_whose_last_row_is_bad_nothing_is_stored(actions: Actions, mo: Person, tmp_path: Path) -> None:
    result = run(actions, "import", str(lines(tmp_path, 20, "eighty,kg,2026\n")), "--account", mo.subject)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 22: body_weight: body_weight must be a positive decimal number" in result.stderr
    assert listed(actions, mo) == []


@contextmanager
def stopped_at_part(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In parts of two; somebody presses Ctrl-C when this one is about to be stored."""
    laid_down, count = BodyWeightStore.staged, iter(range(1, 1000))

    def staged(*arguments: Any, **options: Any) -> Any:
        if next(count) == number:
            raise KeyboardInterrupt
        return laid_down(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(file_import, "PART", 2)
        patched.setattr(BodyWeightStore, "staged", staged)
        yield


def test_stopped_in_the_middle_it_leaves_nothing_half_done(
    actions: Actions, mo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.fit("POST", token=actions.app().connect(mo).access, json={"body_weight": "90", "unit": "kg"})
    before = listed(actions, mo)
    with stopped_at_part(4, monkeypatch):
        result = run(actions, "import", str(lines(tmp_path, 9)), "--account", mo.subject)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "6 entries that were stored already were taken back." in result.stderr
    assert "Stopped: nothing was imported" in result.stderr
    assert listed(actions, mo) == before


def test_where_it_cannot_take_back_it_says_the_command_that_does(
    actions: Actions, mo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outage(*_: object) -> int:
        raise KeyboardInterrupt

    with stopped_at_part(3, monkeypatch), monkeypatch.context() as patched:
        patched.setattr(EntryChanges, "take_back", outage)
        result = run(actions, "import", str(lines(tmp_path, 9)), "--account", mo.subject)
    assert result.exit_code == 2
    assert "nothing was imported" not in result.stderr
    assert len(listed(actions, mo)) == 4
    [said] = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    command = said.partition("flask --app fit_service ")[2]
    assert json.loads(run(actions, *command.split()).stdout) == {"deleted": 4}
    assert listed(actions, mo) == []


def test_taken_back_is_what_it_inserted_but_not_what_somebody_changed_since(
    actions: Actions, mo: Person, tmp_path: Path
) -> None:
    token = actions.app().connect(mo).access
    actions.fit("POST", token=token, json={"body_weight": "80.5", "unit": "kg", "created_at": BEGIN.isoformat()})
    import_id = imported(actions, mo, lines(tmp_path, 5))["import_id"]
    changed = actions.fit("GET", token=token).json()[2]
    assert "client_record_id" not in changed
    actions.fit("PATCH", f"/api/body_weight/{changed['id']}", token, json={"body_weight": "77"})
    undone = run(actions, "import-undo", import_id, "--account", mo.subject)
    assert json.loads(undone.stdout) == {"deleted": 3}
    assert [weight for weight, _, _ in listed(actions, mo)] == ["80.5", "77"]
    assert json.loads(run(actions, "import-undo", import_id, "--account", mo.subject).stdout) == {"deleted": 0}


@pytest.mark.parametrize("arguments", [("import", str(WITHINGS)), ("import-undo", "0" * 32)])
def test_an_account_is_named_by_its_subject(actions: Actions, arguments: tuple[str, ...]) -> None:
    result = run(actions, *arguments, "--account", "mo")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "flask --app auth_service account show" in result.stderr
