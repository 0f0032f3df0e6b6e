"""Who tells a Redis what has ended, and what it was told, kept in that Redis itself.

The mark says of the data that hold it: all that had ended before its moment has ended here. As Redis repeats its writes
in order, to its replicas and to its disk, that stays true of older data that come back, with the older mark in them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from auth_service.storage.lua_script import LuaScript
from auth_service.storage.redis_node import RedisNode

_MARK_KEPT = 10 * 365 * 86_400 * 1000
"""Milliseconds; longer than any grant lives. Where the mark is missing, everything is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """Which Redis was told, and of all that had ended before when."""

    master: str
    before: datetime


class Reconciliation:
    """The lease and the marks of one node. Raises redis.RedisError when the Redis that is meant can't be asked."""

    def __init__(self, node: RedisNode, shards: int) -> None:
        """`shards`: over how many grants are spread altogether, which is written down with the mark."""
        self._node = node
        self._shards = shards
        self._meant = ""
        self._exchange = node.exchange_with(lambda _since: self._meant)
        self._hold_lease = LuaScript(self._exchange, "hold_lease.lua")
        self._mark_told = LuaScript(self._exchange, "mark_told.lua")

    def hold_lease(self, master: str, owner: str, seconds: float) -> bool:
        """Take or prolong the lease on telling this Redis; False if it is another's."""
        self._meant = master
        return bool(self._hold_lease([self._node.lease_key], [master, owner, int(seconds * 1000)]))

    def last_told(self, master: str) -> Told | None:
        """What this Redis' data say; None if they say nothing. Of several marks, what all of them say."""
        self._meant = master
        told = [_read(value) for value in self._exchange.ask(*(("GET", key) for key in self._marks()))]
        known = [each for each in told if each is not None]
        if len(known) < len(told):
            return None
        others = [each.master for each in known if each.master != master]
        return Told(others[0] if others else master, min(each.before for each in known))

    def mark_told(self, told: Told) -> None:
        """Say so, there and nowhere else: of another one's data it may not be true."""
        self._meant = told.master
        moment = int(told.before.timestamp() * 1000)
        self._mark_told.each([([key], [told.master, moment, self._shards, _MARK_KEPT]) for key in self._marks()])

    def _marks(self) -> list[str]:
        return [mark for mark in self._node.master.marks if mark not in self._node.master.moving]


def _read(mark: object) -> Told | None:
    master, _, rest = str(mark or "").partition(" ")
    moment = rest.partition(" ")[0]
    return Told(master, datetime.fromtimestamp(int(moment) / 1000, UTC)) if moment.isdecimal() else None
