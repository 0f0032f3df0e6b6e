"""The app's SQLite file: only its own processes read it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


def make_database(path: str, schema: str) -> None:
    """Make the file and the tables, unless they are there."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT, 0o600))
    with opened(path) as database:
        database.executescript(schema)


@contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    """One transaction."""
    with closing(sqlite3.connect(path, timeout=5)) as database, database:
        yield database
