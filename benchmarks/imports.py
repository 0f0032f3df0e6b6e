"""What an import costs: `python -m benchmarks.imports [MiB of an Apple export]`, without HTTP, on SQLite.

A year of daily weighings in each format, as a person has it, is recognised, read, compared with what is stored and laid
down. Apple's export and many entries come in by the command, which is put beside a pass of expat over the same file.
"""

import io
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks import import_command, report
from benchmarks.weighing_files import files
from fit_service.rules.entry_import import read_entries
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.formats.table import recognise
from fit_service.rules.import_choices import MONTH_FIRST, Choices
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database

TITLE = "Imports"
_DAYS, _ROUNDS = 365, 5
_CHOSEN = Choices(unit="kg", zone=ZoneInfo("Europe/Berlin"), time_of_day=time_of_day(7, 30), dates=MONTH_FIRST)
"""What a file says goes before all of these."""


def main() -> None:
    """Measure and write the results."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    with tempfile.TemporaryDirectory() as folder:
        apple, many = import_command.apple(Path(folder), size), import_command.many(Path(folder))
        database = Database(f"sqlite:///{folder}/fit.sqlite")
        database.upgrade()
        formats = _formats(BodyWeightStore(database))
        database.close()
    command = "By `flask --app fit_service import`, each as a process of its own, CPU time with its start:"
    daily = f"{_DAYS} daily weighings, medians of {_ROUNDS}, CPU time."
    text = f"{daily}\n\n{formats}\n\n{apple}\n\n{command}\n\n{many}"
    report.write(TITLE, text)
    print(text)


def _formats(store: BodyWeightStore) -> str:
    lines = ["| format | KiB | read, ms | compared and stored, ms |", "|---|---:|---:|---:|"]
    for name, file in files(_DAYS).items():
        rounds = [_import(store, name, file, number) for number in range(_ROUNDS)]
        read, stored = (1000 * statistics.median(times) for times in zip(*rounds, strict=True))
        lines.append(f"| `{name}` | {len(file) / 1024:.0f} | {read:.1f} | {stored:.1f} |")
    return "\n".join(lines)


def _import(store: BodyWeightStore, name: str, file: bytes, number: int) -> tuple[float, float]:
    """Import a file for a person who has nothing yet, and say how long reading took, and the rest."""
    subject, began = f"{name} {number}", time.process_time()
    recognised = recognise(lambda: io.BytesIO(file), "utf-8-sig", "application/octet-stream", len(file))
    found = read_entries(recognised, "utf-8-sig", _CHOSEN, datetime.now(UTC))
    read = time.process_time()
    if (recognised.format.name, len(found.entries), found.questions) != (name, _DAYS, []):
        raise SystemExit(f"{name} was read as {len(found.entries)} entries of {recognised.format.name}.")
    candidates = [Candidate(each.entry, each.id, each.is_too_late) for each in found.entries]
    with store.staged(subject, candidates, merge_twins=False) as staged, store.changing(subject) as changes:
        changes.insert_staged(staged)
    return read - began, time.process_time() - read


if __name__ == "__main__":
    main()
