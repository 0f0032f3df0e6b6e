"""Here is in which browsers a person is signed in: a hash of Redis for each account, a field for each session.

A field is a hint: whether its session lives, the session itself says (`browser_sessions.py`). So what is lost here,
by a Redis that comes back with older data, is not shown, and ends with all others.
"""

import json
import time
from dataclasses import dataclass

from auth_service.storage.browser_sessions import BrowserSessionStore, session_name
from auth_service.storage.redis_connection import RedisClients

MOST = 50
"""An account has at most so many sessions: with one more, the one that was seen longest ago ends."""
SEEN_EVERY = 300.0
"""That a session was seen, a process notes once in so many seconds, so that it is no write with each request."""
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class SignedInBrowser:
    """Somebody is signed in there. Times are in epoch seconds."""

    name: str
    """It names the session, and is not what the browser has."""
    since: float
    """They proved then who they are."""
    seen_at: float
    """It was used then, and at most SEEN_EVERY seconds later."""
    program: str
    network: str
    """It was last seen so, as `models/caller.py` says it; both are empty if they aren't known."""


class AccountSessions:
    """It notes sessions of accounts, lists and ends them. Raises redis.RedisError."""

    def __init__(self, clients: RedisClients, sessions: BrowserSessionStore, lifetime: int) -> None:
        """No session lives longer than `lifetime` seconds."""
        self._clients = clients
        self._sessions = sessions
        self._lifetime = lifetime
        self._noted: dict[str, float] = {}

    def note(self, account_id: str, session_id: str, program: str, network: str) -> None:
        """Note that this session is used now, unless this process has noted it a moment ago."""
        name, at = session_name(session_id), time.time()
        if at - self._noted.get(name, 0.0) < SEEN_EVERY:
            return
        if len(self._noted) >= _MOST_REMEMBERED:
            self._noted.clear()
        key = _key(account_id)
        self._clients.scripts.hset(key, name, json.dumps([at, program, network]))
        self._clients.scripts.expire(key, self._lifetime)
        self._noted[name] = at

    def make_room(self, account_id: str, epoch: int) -> None:
        """End those that were seen longest ago, where one more session would be one too many."""
        if int(self._clients.reads.hlen(_key(account_id))) >= MOST:
            for browser in self.living(account_id, epoch)[MOST - 1 :]:
                self.end(account_id, browser.name)

    def living(self, account_id: str, epoch: int) -> list[SignedInBrowser]:
        """Return the sessions of this epoch that live, the one that was seen last in front, and forget the others."""
        browsers = list[SignedInBrowser]()
        noted: dict[str, str] = self._clients.reads.hgetall(_key(account_id))  # type: ignore[assignment]
        for name, written in noted.items():
            stored = self._sessions.look(name)
            if stored is None or stored.data.get("session_epoch") != epoch:
                self._clients.scripts.hdel(_key(account_id), name)
            else:
                browsers.append(SignedInBrowser(name, float(stored.data["signed_in_at"]), *json.loads(written)))
        return sorted(browsers, key=lambda browser: browser.seen_at, reverse=True)

    def end(self, account_id: str, name: str) -> bool:
        """End one session of this account. Returns False if it has none of this name."""
        if not self._clients.reads.hexists(_key(account_id), name):
            return False
        self._sessions.end(name)
        return bool(self._clients.scripts.hdel(_key(account_id), name))


def _key(account_id: str) -> str:
    return f"sessions-of:{account_id}"
