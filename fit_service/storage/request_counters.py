"""Counts requests against quotas, in Redis for all processes together or in this process's memory.

Counting protects capacity, not secrets. So if Redis can't be asked, requests are neither refused nor let through
uncounted: for some seconds each process counts for itself.

Windows begin at moments that can be computed, because each answer says when the next one begins. The throttles of the
authorization server let `limits` begin one with the first attempt, and ask when it ends only where one is refused.
"""

import logging
import time
from dataclasses import dataclass

import redis
from limits.storage import MemoryStorage

from fit_service.storage.redis_connection import redis_client
from shared.redis.counters import CountersInRedis
from shared.service.hashing import sha256

_DISTRUST = 5.0
"""Redis isn't asked for so many seconds after a failure."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Quota:
    """It allows so many requests in a window of so many seconds."""

    name: str
    limit: int
    window: int = 60


@dataclass(frozen=True, slots=True)
class Use:
    """It says what is left of a quota."""

    exceeded: bool
    remaining: int
    seconds: int
    """The window ends in so many seconds, and a new one begins with the whole quota."""


class RequestCounters:
    """It opens no connection before the first request, so it is safe to build before a fork."""

    def __init__(self, redis_url: str | None) -> None:
        self._own = MemoryStorage()
        self._shared = CountersInRedis(redis_client(redis_url), "fit-quota") if redis_url else None
        self._distrusted_until = 0.0

    def count(self, quota: Quota, *who: str) -> Use:
        """Count a request of `who` and return what is left after it."""
        key, seconds = _window(quota, who)
        used = self._incremented(key, quota.window)
        return Use(used > quota.limit, max(0, quota.limit - used), seconds)

    def look(self, quota: Quota, *who: str) -> Use:
        """Return what is left, without counting."""
        key, seconds = _window(quota, who)
        used = self._current(key)
        return Use(used >= quota.limit, max(0, quota.limit - used), seconds)

    def _incremented(self, key: str, expiry: int) -> int:
        if (shared := self._trusted()) is not None:
            try:
                return int(shared.incr(key, expiry))
            except redis.RedisError as error:
                self._distrust(error)
        return int(self._own.incr(key, expiry))

    def _current(self, key: str) -> int:
        if (shared := self._trusted()) is not None:
            try:
                return int(shared.get(key))
            except redis.RedisError as error:
                self._distrust(error)
        return int(self._own.get(key))

    def _trusted(self) -> CountersInRedis | None:
        return self._shared if time.monotonic() >= self._distrusted_until else None

    def _distrust(self, error: redis.RedisError) -> None:
        self._distrusted_until = time.monotonic() + _DISTRUST
        _log.warning("counting requests in memory for %s s: %s", _DISTRUST, type(error).__name__)


def _window(quota: Quota, who: tuple[str, ...]) -> tuple[str, int]:
    """Return the key of the present window and its seconds. Not all windows begin at the same moment."""
    digest = sha256("\0".join((quota.name, *who)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    number, passed = divmod(int(time.time()) + int(digest[:8], 16), quota.window)
    return f"{quota.name}:{digest}:{number}", quota.window - passed
