"""Who has which slots of a Redis Cluster, by the word of most of its masters.

Redis-py's `RedisCluster` believes the first node that answers. One that was stopped, or cut off, and comes back
believes for a moment that it is still the master that it was; then a token that has ended since would look good again.
A failover needs the votes of a majority of the masters, so their majority never names one that was left before.
"""

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from shared.redis.address import Place
from shared.resource_server.process import reset_after_fork, seconds

SLOTS = 16_384
_PATIENCE = 1.0
"""Seconds for which a thread waits for another's look at the map."""

Ranges = tuple[tuple[int, int, Place], ...]
"""The first slot, the last one, and their master."""


class SlotUnservedError(redis.ConnectionError):
    """No majority of the cluster's masters names a master for a slot."""


@dataclass(frozen=True, slots=True)
class _Map:
    looked_at: float
    starts: tuple[int, ...] = ()
    owners: tuple[Place | None, ...] = ()
    """Each from its start on."""


class ClusterMap:
    """The map as it was seen last; whoever finds it wrong has it looked at again."""

    def __init__(self, startup: Sequence[Place], connect: Callable[[Place], "redis.Connection"]) -> None:
        """`connect` makes a connection, which opens when it is first used."""
        self._startup = tuple(startup)
        self._connect = connect
        self.version = 0
        """Grows with each change of the map that was seen."""
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Nothing was seen, no connection is open."""
        self._map = _Map(float("-inf"))
        self.version += 1
        self._failed_at = float("-inf")
        self._looking = threading.Lock()
        self._connections: dict[Place, redis.Connection] = {}
        self._silent: set[Place] = set()

    def owner(self, slot: int) -> Place:
        """The master of a slot, as was seen last. Raises redis.RedisError."""
        if not self._map.starts:
            self.look()
        seen = self._map
        owner = seen.owners[bisect_right(seen.starts, slot) - 1]
        if owner is None:
            raise SlotUnservedError(f"no majority of the cluster's masters names the master of slot {slot}")
        return owner

    def masters(self) -> list[Place]:
        """Those that have slots. Raises redis.RedisError."""
        if not self._map.starts:
            self.look()
        return list(dict.fromkeys(owner for owner in self._map.owners if owner is not None))

    def look(self, since: float | None = None) -> None:
        """Look at the map now, or take somebody else's look that began since that moment. Raises redis.RedisError."""
        since = seconds() if since is None else since
        if not self._looking.acquire(timeout=_PATIENCE):
            raise redis.TimeoutError("the cluster doesn't say who has which slots")
        try:
            if self._map.looked_at >= since:
                return
            if self._failed_at >= since:
                raise redis.ConnectionError("the cluster could not be asked a moment ago")
            began = seconds()
            try:
                seen = _Map(began, *_by_start(self._ask_around()))
            except redis.RedisError:
                self._failed_at = began
                raise
            is_new = (seen.starts, seen.owners) != (self._map.starts, self._map.owners)
            self._map = seen
            self.version += is_new
        finally:
            self._looking.release()

    def _ask_around(self) -> list[tuple[int, Place | None]]:
        """From each slot on, who is named by a majority of the masters; None where there is none."""
        votes: dict[Place, Ranges] = {}
        asked: set[Place] = set()
        named: set[Place] = set()
        waiting = [*sorted(self._owners(), key=lambda place: place in self._silent), *self._startup]
        failure: redis.RedisError = redis.ConnectionError("no node of the cluster is known")
        while waiting:
            place = waiting.pop(0)
            if place in asked:
                continue
            asked.add(place)
            try:
                ranges = self._ask(place)
            except redis.RedisError as error:
                failure = error
                continue
            masters = {owner for _, _, owner in ranges}
            named |= masters
            waiting = [*sorted(masters - asked, key=lambda other: other in self._silent), *waiting]
            if place in masters:
                votes[place] = ranges
                agreed = _agreed(list(votes.values()), len(named) // 2 + 1)
                if all(owner is not None for _, owner in agreed):
                    return agreed
        if not votes:
            raise failure
        return _agreed(list(votes.values()), len(named) // 2 + 1)

    def _owners(self) -> set[Place]:
        return {owner for owner in self._map.owners if owner is not None}

    def _ask(self, place: Place) -> Ranges:
        connection = self._connections.pop(place, None)
        try:
            if connection is not None:
                try:
                    return self._ask_over(connection, place)
                except redis.ConnectionError:
                    pass  # it may have been closed meanwhile: once more over a fresh one
            return self._ask_over(self._connect(place), place)
        except redis.RedisError:
            self._silent.add(place)
            raise

    def _ask_over(self, connection: "redis.Connection", place: Place) -> Ranges:
        try:
            connection.connect()  # type: ignore[no-untyped-call]
            connection.send_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
            answer: Any = connection.read_response()
        except BaseException:
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise
        self._connections[place] = connection
        self._silent.discard(place)
        return tuple(
            (int(start), int(end), (str(host or place[0]), int(port))) for start, end, (host, port, *_), *_ in answer
        )


def _agreed(votes: Sequence[Ranges], needed: int) -> list[tuple[int, Place | None]]:
    """From each slot on, who has so many votes."""
    starts = sorted(
        {0, *(bound for ranges in votes for start, end, _ in ranges for bound in (start, end + 1))} - {SLOTS}
    )
    agreed: list[tuple[int, Place | None]] = []
    for slot in starts:
        counted = Counter(owner for ranges in votes for start, end, owner in ranges if start <= slot <= end)
        most = counted.most_common(1)
        agreed.append((slot, most[0][0] if most and most[0][1] >= needed else None))
    return agreed


def _by_start(agreed: list[tuple[int, Place | None]]) -> tuple[tuple[int, ...], tuple[Place | None, ...]]:
    return tuple(slot for slot, _ in agreed), tuple(owner for _, owner in agreed)
