"""Wakes those who wait for the revocation log to grow: one thread per process follows it with a blocking read.

It only says *that* there may be something new. What it is, each waiter reads for itself, so nothing depends on this
thread but how soon a waiter looks.
"""

import threading
import time
from typing import Any

import redis

from auth_service.storage.redis_connection import BLOCKING_READ, RedisClients
from shared.service.outages import OutageLog

_PAUSE_AFTER_OUTAGE = 0.2
"""Seconds between attempts to follow the log again."""


class RevocationTail:
    """Follows the log from the first time that somebody waits: after a fork, in each process that needs it."""

    def __init__(self, clients: RedisClients, keys: list[str]) -> None:
        self._redis = clients.blocking
        self._keys = keys
        self._news = threading.Condition()
        self._changes = 0
        self._following = False

    @property
    def changes(self) -> int:
        """Grows with the log. Note it before reading, then wait for another: nothing is missed in between."""
        return self._changes

    def wait(self, seen: int, deadline: float) -> None:
        """Return when `changes` is no longer `seen`, or when the monotonic clock has reached `deadline`."""
        with self._news:
            if not self._following:
                self._following = True
                threading.Thread(target=self._follow, name="revocation-tail", daemon=True).start()
            self._news.wait_for(lambda: self._changes != seen, deadline - time.monotonic())

    def _follow(self) -> None:
        outages = OutageLog("the revocation log can't be followed")
        while True:
            try:
                self._follow_until_outage()
            except redis.RedisError as outage:
                outages.add(outage)
                self._wake()  # waiters find out for themselves whether they can read
                time.sleep(_PAUSE_AFTER_OUTAGE)

    def _follow_until_outage(self) -> None:
        positions: dict[Any, Any] = {key: self._newest(key) for key in self._keys}
        self._wake()  # what came before these positions
        while True:
            found: Any = self._redis.xread(positions, block=int(BLOCKING_READ * 1000))
            if found:
                for key, entries in found:
                    positions[key] = entries[-1][0]
                self._wake()

    def _newest(self, key: str) -> str:
        entries = self._redis.xrevrange(key, count=1)
        return str(entries[0][0]) if entries else "0-0"

    def _wake(self) -> None:
        with self._news:
            self._changes += 1
            self._news.notify_all()
