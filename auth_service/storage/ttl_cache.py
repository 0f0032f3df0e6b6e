"""A cache of what SQL said a moment ago, for records that are asked for at every request and rarely change.

cachetools' TTLCache isn't made for threads: it would need a lock around each look-up, of which every request has two.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from shared.resource_server.process import seconds

REMEMBERED_FOR = 1.0
"""Seconds, after which a change is in force in every process."""
_AT_MOST = 10_000

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class TtlCache(Generic[Key, Value]):
    """Reads each record at most once a second. What isn't there is not remembered: there is no end to it."""

    def __init__(self, read: Callable[[Key], Value | None]) -> None:
        self._read = read
        self._known: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key) -> Value | None:
        """The record as it was at most a second ago."""
        asked_at, known = seconds(), self._known.get(key)
        if known is not None and asked_at - known[0] < REMEMBERED_FOR:
            return known[1]
        value = self._read(key)
        if value is not None:
            if len(self._known) >= _AT_MOST:
                self._known.clear()
            self._known[key] = asked_at, value
        return value

    def forget(self, key: Key) -> None:
        """Read it again next time: it was changed here."""
        self._known.pop(key, None)
