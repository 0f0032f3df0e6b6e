"""Keeps tokens on the server: the browser has a random id, the SQLite file its digest. Tokens never reach a browser."""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Self

_SCHEMA = """
CREATE TABLE IF NOT EXISTS connections (id TEXT PRIMARY KEY, access_token TEXT, refresh_token TEXT, scope TEXT);
CREATE TABLE IF NOT EXISTS pending (id TEXT PRIMARY KEY, value TEXT, expires_at REAL);
"""


@dataclass(frozen=True, slots=True)
class Connection:
    """What one browser's person allowed the app."""

    id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str

    @classmethod
    def from_answer(cls, connection_id: str, answer: dict[str, str]) -> Self:
        """From an answer of the token endpoint."""
        return cls(connection_id, answer["access_token"], answer["refresh_token"], answer["scope"])

    def may(self, scope: str) -> bool:
        """Whether the person granted this scope."""
        return scope in self.scope.split()


class ConnectionStore:
    """Shared by all workers."""

    def __init__(self, path: str) -> None:
        self._path = path
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT, 0o600))
        with self._open() as database:
            database.executescript(_SCHEMA)

    def add(self, answer: dict[str, str]) -> str:
        """Keep the tokens of a new connection; the id for the browser."""
        browser_id = secrets.token_urlsafe(32)
        connection = Connection.from_answer(_digest(browser_id), answer)
        with self._open() as database:
            row = (connection.id, connection.access_token, connection.refresh_token, connection.scope)
            database.execute("INSERT INTO connections VALUES (?, ?, ?, ?)", row)
        return browser_id

    def find(self, browser_id: str | None) -> Connection | None:
        """The connection of a browser."""
        return self.reload(_digest(browser_id)) if browser_id else None

    def reload(self, connection_id: str) -> Connection | None:
        """The connection as it is now: another worker may have refreshed or removed it."""
        with self._open() as database:
            row = database.execute("SELECT * FROM connections WHERE id = ?", (connection_id,)).fetchone()
        return Connection(*row) if row else None

    def replace(self, old: Connection, new: Connection) -> None:
        """Keep a refreshed pair, unless another worker was here first: then its pair is the same or a later one."""
        with self._open() as database:
            database.execute(
                "UPDATE connections SET access_token = ?, refresh_token = ?, scope = ? "
                "WHERE id = ? AND refresh_token = ?",
                (new.access_token, new.refresh_token, new.scope, old.id, old.refresh_token),
            )

    def remove(self, connection: Connection) -> None:
        """Forget the tokens, unless they were refreshed meanwhile."""
        with self._open() as database:
            database.execute(
                "DELETE FROM connections WHERE id = ? AND refresh_token = ?", (connection.id, connection.refresh_token)
            )

    def check(self) -> None:
        """Raise unless the file can be read."""
        with self._open() as database:
            database.execute("SELECT 1 FROM connections LIMIT 1")

    # What waits for the browser to come back, in the words of Authlib's cache interface

    def set(self, key: str, value: str, expires: float) -> None:
        """Keep a value for so many seconds."""
        with self._open() as database:
            database.execute("DELETE FROM pending WHERE expires_at < ?", (time.time(),))
            database.execute("INSERT OR REPLACE INTO pending VALUES (?, ?, ?)", (key, value, time.time() + expires))

    def get(self, key: str) -> str | None:
        """A value that has not expired."""
        with self._open() as database:
            query = "SELECT value FROM pending WHERE id = ? AND expires_at > ?"
            row = database.execute(query, (key, time.time())).fetchone()
        return row[0] if row else None

    def delete(self, key: str) -> None:
        """Forget a value."""
        with self._open() as database:
            database.execute("DELETE FROM pending WHERE id = ?", (key,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=5)) as database, database:
            yield database


def _digest(browser_id: str) -> str:
    return sha256(browser_id.encode()).hexdigest()
