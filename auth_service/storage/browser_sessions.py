"""Browser sessions are in Redis: the cookie holds a random id, the store its digest, so neither alone is of use.

They end when unused (`idle_lifetime`), after `lifetime` in any case, and at once when deleted. What is in a session and
who it belongs to is `web/browser_session.py`; which ones an account has, `account_sessions.py`.
"""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from auth_service.crypto.token_handle import token_digest
from auth_service.storage.redis_connection import RedisClients


@dataclass(frozen=True, slots=True)
class StoredSession:
    """It is a session as it was found."""

    data: dict[str, Any]
    begun_at: float = field(default_factory=time.time)
    """It is in epoch seconds."""


class BrowserSessionStore:
    """It keeps JSON under the digest of a session id."""

    def __init__(self, clients: RedisClients, idle_lifetime: int, lifetime: int) -> None:
        self._clients = clients
        self._idle_lifetime = idle_lifetime
        self._lifetime = lifetime

    @staticmethod
    def new_id() -> str:
        """Make 256 random bits."""
        return secrets.token_urlsafe(32)

    def load(self, session_id: str) -> StoredSession | None:
        """Return the session, and begin its idle time anew; None if it has ended."""
        name = session_name(session_id)
        stored = self.look(name)
        if stored is not None:
            self._clients.reads.expire(_key(name), self._seconds_left(stored.begun_at))
        return stored

    def look(self, name: str) -> StoredSession | None:
        """Return the session of this name without using it; None if it has ended."""
        found = self._clients.reads.get(_key(name))
        return StoredSession(**json.loads(found)) if found is not None else None

    def save(self, session_id: str, session: StoredSession, *, new: bool) -> None:
        """Write a session. One that is not new is only overwritten, never revived after its end."""
        seconds = self._seconds_left(session.begun_at)
        value = json.dumps({"data": session.data, "begun_at": session.begun_at})
        self._clients.scripts.set(_key(session_name(session_id)), value, ex=seconds, xx=not new)

    def end(self, name: str) -> None:
        """End the session of this name."""
        self._clients.scripts.delete(_key(name))

    def _seconds_left(self, begun_at: float) -> int:
        return max(1, min(self._idle_lifetime, int(begun_at + self._lifetime - time.time())))


def session_name(session_id: str) -> str:
    """Return the name under which a session is kept and shown. Nobody finds the id by it, which the cookie holds."""
    return token_digest(session_id)


def _key(name: str) -> str:
    return f"session:{name}"
