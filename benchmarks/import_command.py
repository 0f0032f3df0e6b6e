"""What `flask --app fit_service import` costs, as a process of its own: CPU time and the most memory it ever had."""

import multiprocessing
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.process_cost import Cost, measured, so_far
from benchmarks.weighing_files import FIRST, write_apple_export
from fit_service.api.transfer import AT_ONCE
from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_file import Person
from fit_service.rules.export_formats import FORMATS
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.entry_pages import Page

WEIGHINGS = 5_000
FEW, MANY = 1_000, 100_000
MEBIBYTE = 1024 * 1024
_ACCOUNT = "acct_of_somebody_who_weighs"


def apple(folder: Path, size: int) -> str:
    """An export of Apple Health of so many MiB, beside a bare pass of expat over the same file."""
    file = folder / "export.xml"
    write_apple_export(file, size * MEBIBYTE, WEIGHINGS)
    bare, command = bare_pass(file), import_file(folder, file, WEIGHINGS)
    file_size = file.stat().st_size / MEBIBYTE
    file.unlink()
    speed = bare.seconds / command.seconds
    return (
        f"An export of Apple Health of {file_size:,.0f} MiB with {WEIGHINGS:,} weighings: a bare pass of expat takes "
        f"{bare.seconds:.1f} s, the whole command {command.seconds:.1f} s, which is {speed:.2f} of its speed, and "
        f"{command.peak:.0f} MiB at most."
    )


def many(folder: Path) -> str:
    """Few and many entries of our own CSV, in and out."""
    lines = ["| | s | MiB at most |", "|---|---:|---:|"]
    for count in (FEW, MANY):
        file = folder / f"{count}.csv"
        with file.open("w", encoding="utf-8") as written:
            written.write("body_weight,unit,created_at\n")
            for number in range(count):
                written.write(f"{80 + number % 90 / 10:.1f},kg,{(FIRST - timedelta(hours=number)).isoformat()}\n")
        lines.append(_line(f"{count:,} entries in", import_file(folder, file, count)))
        lines += [_line(f"{count:,} entries out, `{name}`", _exported(folder, name, count)) for name in ("csv", "fhir")]
    return "\n".join(lines)


def bare_pass(file: Path) -> Cost:
    """A process that has expat parse a file, and does nothing with what it finds."""
    return measured(["benchmarks.expat_pass", str(file)])


def import_file(folder: Path, file: Path, expected: int) -> Cost:
    """Import a file into a database of its own."""
    database = _url(folder, expected)
    opened = Database(database)
    opened.upgrade()
    opened.close()
    environment = {
        **os.environ,
        "FIT_RESOURCE": "http://fit.example/api/",
        "FIT_ISSUER": "http://auth.example",
        "FIT_CLIENT_ID": "fit",
        "FIT_CLIENT_SECRET": "a secret that nobody asks for",
        "FIT_DATABASE_URL": database,
    }
    command = ["flask", "--app", "fit_service", "import", str(file), "--account", _ACCOUNT]
    return measured(command, environment, f'"inserted": {expected}')


def _exported(folder: Path, name: str, expected: int) -> Cost:
    """Export all entries of a database in a process of its own."""
    results: multiprocessing.Queue[Any] = multiprocessing.get_context("spawn").Queue()
    arguments = (_url(folder, expected), name, expected, results)
    process = multiprocessing.get_context("spawn").Process(target=_export, args=arguments)
    process.start()
    cost: Cost = results.get(timeout=600)
    process.join()
    return cost


def _export(url: str, name: str, expected: int, results: "multiprocessing.Queue[Any]") -> None:
    database = Database(url)
    file_format = next(each for each in FORMATS if each.name == name)
    person = Person("http://auth.example", _ACCOUNT)
    pieces = sum(1 for _ in file_format.write(_entries(BodyWeightStore(database)), None, person))
    if pieces < expected:
        raise SystemExit(f"{pieces} of {expected} entries were exported.")
    database.close()
    results.put(so_far())


def _entries(store: BodyWeightStore) -> Iterator[BodyWeightEntry]:
    position = None
    while True:
        with store.reading(_ACCOUNT) as entries:
            shown, position = entries.page(Page(limit=AT_ONCE, after=position))
        yield from shown
        if position is None:
            return


def _url(folder: Path, count: int) -> str:
    return f"sqlite:///{folder}/fit-{count}.sqlite"


def _line(what: str, cost: Cost) -> str:
    return f"| {what} | {cost.seconds:.1f} | {cost.peak:.0f} |"
