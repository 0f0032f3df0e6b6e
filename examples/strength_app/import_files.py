"""Keeps the files that people want to import, and how far each import is, where all of the app's processes see it.

A file lies beside the database until it is imported or given up, and an hour at most.
"""

import json
import secrets
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from examples.strength_app.database import make_database, opened

_SCHEMA = """
CREATE TABLE IF NOT EXISTS imports (
    id TEXT PRIMARY KEY, connection TEXT, name TEXT, file TEXT, choices TEXT, state TEXT, reached INTEGER,
    whole INTEGER, report TEXT, stop INTEGER, touched REAL
);
"""
_KEPT_FOR = 3600.0
"""Seconds after which nobody comes back for a file."""
_ABANDONED_AFTER = 30.0
"""Seconds without a word from whoever works on an import: the process was stopped."""


class State(StrEnum):
    """What is being done with a file, or waited for."""

    READING = "reading"
    READY = "ready"
    """The person has to say yes, or to choose something."""
    REFUSED = "refused"
    """It can't be imported, at least not with these choices."""
    SENDING = "sending"
    PAUSED = "paused"
    """Moogle could not be reached, or a process was stopped; what was sent is there."""
    DONE = "done"
    TAKING_BACK = "taking back"
    TAKEN_BACK = "taken back"

    @property
    def is_busy(self) -> bool:
        """Whether somebody works on it."""
        return self in {State.READING, State.SENDING, State.TAKING_BACK}


@dataclass(frozen=True, slots=True)
class ImportFile:
    """One file, and how far its import is."""

    id: str
    """The Fit API calls the import so too, and takes it back by that."""
    connection: str
    name: str
    file: Path
    choices: dict[str, str]
    state: State
    reached: int
    whole: int
    report: dict[str, Any] = field(repr=False)
    stop: bool
    """The person wants it to end."""
    touched: float

    @property
    def is_pending(self) -> bool:
        """Whether it was begun and is not over."""
        return self.state.is_busy or self.state is State.PAUSED

    @property
    def is_abandoned(self) -> bool:
        """Whether the process that worked on it was stopped."""
        return self.state.is_busy and time.time() - self.touched > _ABANDONED_AFTER


class ImportFiles:
    """All of them."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._folder = Path(database).parent / "imports"
        make_database(database, _SCHEMA)
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def receive(self) -> IO[bytes]:
        """A new file to write an upload into, where it can stay."""
        self._forget_old()
        return tempfile.NamedTemporaryFile(dir=self._folder, prefix="upload-", delete=False)

    def add(self, connection: str, name: str, file: str) -> ImportFile:
        """Keep a file that was received."""
        import_id = secrets.token_hex(16)
        with opened(self._database) as database:
            row = (import_id, connection, name[:200], file, "{}", State.READING, 0, Path(file).stat().st_size, "{}", 0)
            database.execute("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, time.time()))
        found = self.find(import_id, connection)
        assert found is not None
        return found

    def find(self, import_id: str, connection: str) -> ImportFile | None:
        """One of this connection's imports, as it is now."""
        with opened(self._database) as database:
            query = "SELECT * FROM imports WHERE id = ? AND connection = ?"
            row = database.execute(query, (import_id, connection)).fetchone()
        if row is None:
            return None
        key, owner, name, file, choices, state, reached, whole, report, stop, touched = row
        parts = (json.loads(choices), State(state), reached, whole, json.loads(report), bool(stop), touched)
        return ImportFile(key, owner, name, Path(file), *parts)

    def busy(self, connection: str) -> ImportFile | None:
        """The import of this connection that somebody works on; those that wait for the person are given up."""
        with opened(self._database) as database:
            query = "SELECT id FROM imports WHERE connection = ?"
            ids = [row[0] for row in database.execute(query, (connection,)).fetchall()]
        found = [each for each in (self.find(import_id, connection) for import_id in ids) if each is not None]
        for each in found:
            if each.state in {State.READY, State.REFUSED}:
                self.forget(each)
        return next((each for each in found if each.is_pending), None)

    def begin(self, each: ImportFile, state: State, choices: dict[str, str] | None = None) -> bool:
        """Begin to work on it, unless somebody else does: then False."""
        chosen = each.choices if choices is None else choices
        with opened(self._database) as database:
            changed = database.execute(
                "UPDATE imports SET state = ?, choices = ?, reached = 0, stop = 0, touched = ? "
                "WHERE id = ? AND state = ? AND touched = ?",
                (state, json.dumps(chosen), time.time(), each.id, each.state, each.touched),
            )
            return changed.rowcount == 1

    def reach(self, import_id: str, reached: int, whole: int) -> bool:
        """Note how far it is; False: the person wants it to end."""
        with opened(self._database) as database:
            database.execute(
                "UPDATE imports SET reached = ?, whole = ?, touched = ? WHERE id = ?",
                (reached, whole, time.time(), import_id),
            )
            row = database.execute("SELECT stop FROM imports WHERE id = ?", (import_id,)).fetchone()
        return row is not None and not row[0]

    def end(self, import_id: str, state: State, report: dict[str, Any] | None = None) -> None:
        """Note what came of it."""
        with opened(self._database) as database:
            if report is not None:
                database.execute("UPDATE imports SET report = ? WHERE id = ?", (json.dumps(report), import_id))
            values = (state, time.time(), import_id)
            database.execute("UPDATE imports SET state = ?, stop = 0, touched = ? WHERE id = ?", values)

    def stop(self, import_id: str) -> None:
        """Ask whoever works on it to end it."""
        with opened(self._database) as database:
            database.execute("UPDATE imports SET stop = 1 WHERE id = ?", (import_id,))

    def forget(self, each: ImportFile) -> None:
        """Remove the file, and what is known of it."""
        with opened(self._database) as database:
            database.execute("DELETE FROM imports WHERE id = ?", (each.id,))
        self.discard(each.file)

    def discard(self, file: Path | str) -> None:
        """Remove a file."""
        with suppress(FileNotFoundError):
            Path(file).unlink()

    def forget_all_of(self, connection: str) -> None:
        """Remove all files of a connection, which has ended."""
        self._forget("connection = ?", connection)

    def _forget_old(self) -> None:
        oldest = time.time() - _KEPT_FOR
        self._forget("touched < ?", oldest)
        for file in self._folder.iterdir():  # an upload that was never finished
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < oldest:
                    file.unlink()

    def _forget(self, which: str, value: object) -> None:
        with opened(self._database) as database:
            rows = database.execute(f"SELECT file FROM imports WHERE {which}", (value,)).fetchall()  # noqa: S608
            database.execute(f"DELETE FROM imports WHERE {which}", (value,))  # noqa: S608 - one of two constants
        for (file,) in rows:
            self.discard(file)
