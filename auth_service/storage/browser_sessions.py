"""Browser sessions are in Redis: the cookie holds a random id, the store its digest, so neither alone is of use.

They end when unused (`idle_lifetime`), after `lifetime` in any case, and at once when deleted. What is in a session and
who it belongs to is `pages/browser_session.py`.
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
        key = _key(session_id)
        found = self._clients.reads.get(key)
        if found is None:
            return None
        stored = StoredSession(**json.loads(found))
        self._clients.reads.expire(key, self._seconds_left(stored.begun_at))
        return stored

    def save(self, session_id: str, session: StoredSession, *, new: bool) -> None:
        """Write a session. One that is not new is only overwritten, never revived after its end."""
        seconds = self._seconds_left(session.begun_at)
        value = json.dumps({"data": session.data, "begun_at": session.begun_at})
        self._clients.scripts.set(_key(session_id), value, ex=seconds, xx=not new)

    def delete(self, session_id: str) -> None:
        """End a session."""
        self._clients.scripts.delete(_key(session_id))

    def _seconds_left(self, begun_at: float) -> int:
        return max(1, min(self._idle_lifetime, int(begun_at + self._lifetime - time.time())))


def _key(session_id: str) -> str:
    return f"session:{token_digest(session_id)}"
