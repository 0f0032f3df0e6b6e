"""Do questions about a million entries take longer than about a thousand: `python -m benchmarks.body_weights`.

Asks the store, without HTTP; on SQLite, or on the empty databases whose SQLAlchemy URLs are given.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert, make_url, text

from benchmarks import report
from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight, ChangeCounter
from fit_service.rules.local_days import LocalDays
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.entry_pages import Page
from fit_service.storage.entry_reader import EntryReader

TITLE = "Questions about many entries"
SIZES = (1_000, 1_000_000)
_BEGIN, _END = datetime(2006, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
_REPETITIONS, _AT_ONCE = 15, 20_000
_BERLIN = ZoneInfo("Europe/Berlin")


def main() -> None:
    """Measure and write the results."""
    with tempfile.TemporaryDirectory() as folder:
        columns = {}
        for url in sys.argv[1:] or [f"sqlite:///{folder}/fit.sqlite"]:
            database = Database(url)
            database.upgrade()
            for size in SIZES:
                _fill(database, size)
                print(f"{make_url(url).get_backend_name()}: {size:,} entries", flush=True)
            _vacuum(database)
            for size in SIZES:
                columns[f"{make_url(url).get_backend_name()}, {size:,}"] = _measure(database, size)
            database.close()
    lines = [f"| ms | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(f'{each[name]:.1f}' for each in columns.values())} |" for name in _questions(1)]
    table = "\n".join(lines)
    report.write(TITLE, f"Medians of {_REPETITIONS}; one person's entries over twenty years, evenly spread.\n\n{table}")
    print(table)


def _questions(size: int) -> dict[str, Callable[[EntryReader], object]]:
    middle = (to_microseconds(_BEGIN + (_END - _BEGIN) / 2), "")
    return {
        "first page of 100": lambda entries: entries.page(Page(limit=100)),
        "page of 100 in the middle": lambda entries: entries.page(Page(limit=100, after=middle)),
        "latest entry": lambda entries: entries.latest(),
        "100 changes in the middle": lambda entries: entries.changes_after(size // 2, size // 2, 100),
        "summary of a year": lambda entries: entries.day_totals(
            LocalDays(_BERLIN, date(2025, 1, 1), date(2025, 12, 31))
        ),
        "summary of twenty years": lambda entries: entries.day_totals(LocalDays(_BERLIN, _BEGIN.date(), _END.date())),
    }


def _measure(database: Database, size: int) -> dict[str, float]:
    store, medians = BodyWeightStore(database), {}
    for name, ask in _questions(size).items():
        times = []
        for _ in range(_REPETITIONS):
            began = time.perf_counter()
            with store.reading(f"person with {size}") as entries:
                ask(entries)
            times.append((time.perf_counter() - began) * 1000)
        medians[name] = statistics.median(times)
    return medians


def _fill(database: Database, size: int) -> None:
    choice, subject, step = random.Random(size), f"person with {size}", (_END - _BEGIN) // size
    for begin in range(0, size, _AT_ONCE):
        rows = [
            {
                "id": f"{size:x}{number:016x}",
                "subject": subject,
                "thousandths": choice.randrange(60_000, 100_000),
                "unit": "kg",
                "created_at": to_microseconds(_BEGIN + number * step),
                "change": number + 1,
            }
            for number in range(begin, min(size, begin + _AT_ONCE))
        ]
        with database.writing() as session:
            session.execute(insert(BodyWeight), rows)
    with database.writing() as session:
        session.add(ChangeCounter(subject=subject, last_change=size, forgotten=0))


def _vacuum(database: Database) -> None:
    """What autovacuum would have done by now."""
    with database._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))


if __name__ == "__main__":
    main()
