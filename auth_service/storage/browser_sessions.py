"""Browser sessions are in Redis: the cookie holds a random id, the store its digest, so neither alone is of use.

They end when unused (`idle_lifetime`), after `lifetime` in any case, and at once when deleted. One that is remembered
ends after `remembered_lifetime`, used or not: whoever stole its cookie can't prolong it by using it. What is in a
session and who it belongs to is `web/browser_session.py`; which ones an account has, `account_sessions.py`.
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
    """Somebody proved then who they are. It is in epoch seconds."""

    @property
    def is_remembered(self) -> bool:
        """Say whether they asked to stay signed in."""
        return self.data.get("remembered") is True


class BrowserSessionStore:
    """It keeps JSON under the digest of a session id."""

    def __init__(self, clients: RedisClients, idle_lifetime: int, lifetime: int, remembered_lifetime: int) -> None:
        """No session is remembered if `remembered_lifetime` is 0, whatever its person asked for."""
        self._clients = clients
        self._idle_lifetime = idle_lifetime
        self._lifetime = lifetime
        self._remembered_lifetime = remembered_lifetime

    @staticmethod
    def new_id() -> str:
        """Make 256 random bits."""
        return secrets.token_urlsafe(32)

    def load(self, session_id: str) -> StoredSession | None:
        """Return the session, and begin its idle time anew; None if it has ended."""
        name = session_name(session_id)
        stored = self.look(name)
        if stored is not None:
            self._clients.reads.expire(_key(name), self._seconds_left(stored))
        return stored

    def look(self, name: str) -> StoredSession | None:
        """Return the session of this name without using it; None if it has ended."""
        found = self._clients.reads.get(_key(name))
        stored = StoredSession(**json.loads(found)) if found is not None else None
        return stored if stored and self.ends_by(stored) > time.time() else None

    def save(self, session_id: str, session: StoredSession, *, new: bool) -> None:
        """Write a session. One that is not new is only overwritten, never revived after its end."""
        value = json.dumps({"data": session.data, "begun_at": session.begun_at})
        self._clients.scripts.set(_key(session_name(session_id)), value, ex=self._seconds_left(session), xx=not new)

    def end(self, name: str) -> None:
        """End the session of this name."""
        self._clients.scripts.delete(_key(name))

    def ends_by(self, session: StoredSession) -> float:
        """Return when it ends in any case, in epoch seconds."""
        until = self.remembered_until(session)
        return session.begun_at + self._lifetime if until is None else until

    def remembered_until(self, session: StoredSession) -> float | None:
        """Return when a remembered session ends, in epoch seconds; None if it is not remembered."""
        if not session.is_remembered or self._remembered_lifetime == 0:
            return None
        return session.begun_at + self._remembered_lifetime

    def _seconds_left(self, session: StoredSession) -> int:
        """Return after how many seconds it ends if it is not used again."""
        left = max(1, int(self.ends_by(session) - time.time()))
        return left if self.remembered_until(session) else min(self._idle_lifetime, left)


def session_name(session_id: str) -> str:
    """Return the name under which a session is kept and shown. Nobody finds the id by it, which the cookie holds."""
    return token_digest(session_id)


def _key(name: str) -> str:
    return f"session:{name}"
