"""Keeps tokens on the server: the browser has a random id, the SQLite file its digest. Tokens never reach a browser."""

import secrets
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from examples.strength_app.database import make_database, opened

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
        make_database(path, _SCHEMA)

    def add(self, answer: dict[str, str]) -> str:
        """Keep the tokens of a new connection; the id for the browser."""
        browser_id = secrets.token_urlsafe(32)
        connection = Connection.from_answer(_digest(browser_id), answer)
        with opened(self._path) as database:
            row = (connection.id, connection.access_token, connection.refresh_token, connection.scope)
            database.execute("INSERT INTO connections VALUES (?, ?, ?, ?)", row)
        return browser_id

    def find(self, browser_id: str | None) -> Connection | None:
        """The connection of a browser."""
        return self.reload(_digest(browser_id)) if browser_id else None

    def reload(self, connection_id: str) -> Connection | None:
        """The connection as it is now: another worker may have refreshed or removed it."""
        with opened(self._path) as database:
            row = database.execute("SELECT * FROM connections WHERE id = ?", (connection_id,)).fetchone()
        return Connection(*row) if row else None

    def replace(self, old: Connection, new: Connection) -> None:
        """Keep a refreshed pair, unless another worker was here first: then its pair is the same or a later one."""
        with opened(self._path) as database:
            database.execute(
                "UPDATE connections SET access_token = ?, refresh_token = ?, scope = ? "
                "WHERE id = ? AND refresh_token = ?",
                (new.access_token, new.refresh_token, new.scope, old.id, old.refresh_token),
            )

    def remove(self, connection: Connection) -> None:
        """Forget the tokens, unless they were refreshed meanwhile."""
        with opened(self._path) as database:
            database.execute(
                "DELETE FROM connections WHERE id = ? AND refresh_token = ?", (connection.id, connection.refresh_token)
            )

    def check(self) -> None:
        """Raise unless the file can be read."""
        with opened(self._path) as database:
            database.execute("SELECT 1 FROM connections LIMIT 1")

    # What waits for the browser to come back, in the words of Authlib's cache interface

    def set(self, key: str, value: str, expires: float) -> None:
        """Keep a value for so many seconds."""
        with opened(self._path) as database:
            database.execute("DELETE FROM pending WHERE expires_at < ?", (time.time(),))
            database.execute("INSERT OR REPLACE INTO pending VALUES (?, ?, ?)", (key, value, time.time() + expires))

    def get(self, key: str) -> str | None:
        """A value that has not expired."""
        with opened(self._path) as database:
            query = "SELECT value FROM pending WHERE id = ? AND expires_at > ?"
            row = database.execute(query, (key, time.time())).fetchone()
        return row[0] if row else None

    def delete(self, key: str) -> None:
        """Forget a value."""
        with opened(self._path) as database:
            database.execute("DELETE FROM pending WHERE id = ?", (key,))


def _digest(browser_id: str) -> str:
    return sha256(browser_id.encode()).hexdigest()
