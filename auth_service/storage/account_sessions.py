"""Here is in which browsers a person is signed in: a hash of Redis for each account, a field for each session.

A field is a hint: whether its session lives, the session itself says (`browser_sessions.py`). So what is lost here,
by a Redis that comes back with older data, is not shown, and ends with all others.
"""

import json
import time
from dataclasses import dataclass

from auth_service.storage.browser_sessions import BrowserSessionStore, StoredSession, session_name
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
    remembered_until: float | None
    """It ends then, if its person asked to stay signed in."""


class AccountSessions:
    """It notes sessions of accounts, lists and ends them. Raises redis.RedisError."""

    def __init__(self, clients: RedisClients, sessions: BrowserSessionStore) -> None:
        self._clients = clients
        self._sessions = sessions
        self._noted: dict[str, float] = {}

    def note(self, account_id: str, session_id: str, session: StoredSession, program: str, network: str) -> None:
        """Note that this session is used now, unless this process has noted it a moment ago."""
        name, at = session_name(session_id), time.time()
        if at - self._noted.get(name, 0.0) < SEEN_EVERY:
            return
        if len(self._noted) >= _MOST_REMEMBERED:
            self._noted.clear()
        key = _key(account_id)
        self._clients.scripts.hset(key, name, json.dumps([at, program, network]))
        seconds = max(1, int(self._sessions.ends_by(session) - at))  # the hash stays as long as any session in it
        self._clients.scripts.expire(key, seconds, nx=True)
        self._clients.scripts.expire(key, seconds, gt=True)
        self._noted[name] = at

    def make_room(self, account_id: str, epoch: int) -> None:
        """End those that were seen longest ago, where one more session would be one too many."""
        if int(self._clients.reads.hlen(_key(account_id))) >= MOST:
            for browser in self.living(account_id, epoch)[MOST - 1 :]:
                self.end(account_id, browser.name)

    def living(self, account_id: str, epoch: int) -> list[SignedInBrowser]:
        """Return the sessions of this epoch that live, the one that was seen last in front.

        The others are forgotten, and of what belongs to an earlier epoch nothing is left.
        """
        browsers = list[SignedInBrowser]()
        noted: dict[str, str] = self._clients.reads.hgetall(_key(account_id))  # type: ignore[assignment]
        for name, written in noted.items():
            stored = self._sessions.look(name)
            if stored is not None and stored.data["session_epoch"] == epoch:
                since, until = float(stored.data["signed_in_at"]), self._sessions.remembered_until(stored)
                seen_at, program, network = json.loads(written)
                browsers.append(SignedInBrowser(name, since, seen_at, program, network, until))
                continue
            if stored is not None and stored.data["session_epoch"] < epoch:  # a remembered one would stay for weeks
                self._sessions.end(name)
            self._clients.scripts.hdel(_key(account_id), name)
        return sorted(browsers, key=lambda browser: browser.seen_at, reverse=True)

    def end(self, account_id: str, name: str) -> bool:
        """End one session of this account. Returns False if it has none of this name."""
        if not self._clients.reads.hexists(_key(account_id), name):
            return False
        self._sessions.end(name)
        return bool(self._clients.scripts.hdel(_key(account_id), name))

    def erase(self, account_id: str) -> None:
        """Leave nothing of any session of an account that is deleted."""
        names: list[str] = self._clients.reads.hkeys(_key(account_id))  # type: ignore[assignment]
        for name in names:
            self._sessions.end(name)
        self._clients.scripts.delete(_key(account_id))


def _key(account_id: str) -> str:
    return f"sessions-of:{account_id}"
