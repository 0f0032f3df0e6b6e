"""Who tells a Redis what has ended, and what it was told, kept in that Redis itself.

The mark says of the data that hold it: all that had ended before its moment has ended here. As Redis repeats its writes
in order, to its replicas and to its disk, that stays true of older data that come back, with the older mark in them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from auth_service.storage.atomic_step import AtomicStep
from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.redis_master import TOLD_KEY

_LEASE_KEY = "reconciler-lease"
_MARK_KEPT = 30 * 86_400 * 1000
"""Milliseconds. Where it is missing, everything is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """Which Redis was told, and of all that had ended before when."""

    master: str
    before: datetime


class Reconciliation:
    """The lease and the mark. Raises redis.RedisError when the Redis that is meant can't be asked."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients.ending
        self._hold_lease = AtomicStep(clients.ending, "hold_lease.lua")
        self._mark_told = AtomicStep(clients.ending, "mark_told.lua")

    def hold_lease(self, master: str, owner: str, seconds: float) -> bool:
        """Take or prolong the lease on telling this Redis; False if it is another's."""
        return bool(self._hold_lease([_LEASE_KEY], [master, owner, int(seconds * 1000)], only=master))

    def last_told(self, master: str) -> Told | None:
        """What this Redis' data say; None if they say nothing."""
        (found,) = self._redis.ask(("GET", TOLD_KEY), only=master)
        master, _, moment = str(found or "").partition(" ")
        return Told(master, datetime.fromtimestamp(int(moment) / 1000, UTC)) if moment.isdecimal() else None

    def mark_told(self, told: Told) -> None:
        """Say so, there and nowhere else: of another one's data it may not be true."""
        moment = int(told.before.timestamp() * 1000)
        self._mark_told([TOLD_KEY], [told.master, moment, _MARK_KEPT], only=told.master)
