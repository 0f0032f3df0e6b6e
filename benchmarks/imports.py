"""What an import costs: `python -m benchmarks.imports [MiB of an Apple export]`, without HTTP, on SQLite.

A year of daily weighings in each format, as a person has it, is recognised, read, compared with what is stored and laid
down. Of Apple's export, the reader's pass is put beside one of expat that does nothing with what it finds.
"""

import io
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from xml.parsers import expat
from zoneinfo import ZoneInfo

from benchmarks import report
from benchmarks.weighing_files import chunks, files, write_apple_export
from fit_service.rules.entry_import import read_entries
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.formats.apple_health import APPLE_HEALTH
from fit_service.rules.formats.contract import Reading
from fit_service.rules.formats.table import recognise
from fit_service.rules.import_choices import MONTH_FIRST, Choices
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database

TITLE = "Imports"
_DAYS, _ROUNDS = 365, 5
_CHOSEN = Choices(unit="kg", zone=ZoneInfo("Europe/Berlin"), time_of_day=time_of_day(7, 30), dates=MONTH_FIRST)
"""What a file says goes before all of these."""
_WEIGHTS = 5_000
_MEBIBYTE = 1024 * 1024


def main() -> None:
    """Measure and write the results."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    with tempfile.TemporaryDirectory() as folder:
        apple = _apple(Path(folder), size)
        database = Database(f"sqlite:///{folder}/fit.sqlite")
        database.upgrade()
        formats = _formats(BodyWeightStore(database))
        database.close()
    text = f"{_DAYS} daily weighings, medians of {_ROUNDS}, CPU time.\n\n{formats}\n\n{apple}"
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


def _apple(folder: Path, size: int) -> str:
    path = folder / "export.xml"
    write_apple_export(path, size * _MEBIBYTE, _WEIGHTS)
    before = _peak()
    passes = [(_cpu(lambda: _bare_pass(path)), _cpu(lambda: _reader_pass(path))) for _ in range(3)]
    one, other = (min(times) for times in zip(*passes, strict=True))
    return (
        f"An export of Apple Health of {path.stat().st_size / _MEBIBYTE:.0f} MiB with {_WEIGHTS:,} weighings: a bare "
        f"pass of expat {one:.2f} s, the reader {other:.2f} s, which is {one / other:.2f} of its speed. "
        f"Reading it added {(_peak() - before) / _MEBIBYTE:.0f} MiB to the memory of the process."
    )


def _bare_pass(path: Path) -> None:
    parser = expat.ParserCreate("utf-8")
    for part in chunks(path):
        parser.Parse(part, False)
    parser.Parse(b"", True)


def _reader_pass(path: Path) -> None:
    with path.open("rb") as file:
        found = sum(isinstance(row, Reading) for row in APPLE_HEALTH.read(file, "utf-8-sig"))
    if found != _WEIGHTS:
        raise SystemExit(f"The reader found {found} weighings.")


def _cpu(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
