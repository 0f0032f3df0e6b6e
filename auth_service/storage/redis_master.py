"""Which Redis answers, and whether it was told of everything that has ended.

A restart, a failover or another server behind the same address may answer from older data, or as a replica that lags.
So each connection is asked when it is made who is at its other end, and a fresh one is made from time to time: those
that are open may lead to a server that others have left. Nothing is believed of a Redis before the reconciler
(`workers/`) has told it what it may not know, which the key `told` in its own data says.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import redis
from redis.exceptions import AskError

from shared.redis.shards import TOLD_KEY, other_shards, shards_in
from shared.resource_server.process import reset_after_fork, seconds

LOOK_AGAIN_AFTER = 0.5
"""Seconds after which the next who asks looks at a fresh connection."""
BELIEVED_FOR = 1.5
"""Seconds for which a look is good. With the time that a resource server gives an introspection, this stays below the
three seconds after which nothing that ended is accepted.
"""
_PATIENCE = 0.5
"""Seconds for which a request waits for a Redis to be told; then it gets a 503."""
_PAUSE = 0.02
_ATTEMPTS = 3

_EMBEDDED = "fakeredis"
"""What the embedded Redis of `tools/` says of itself in HELLO. It has no INFO, is always alone, and keeps nothing."""


class NotBelievedError(redis.RedisError):
    """The Redis that answers was not told yet of all that has ended, or is changing: nothing may be assumed."""


class OtherShardsError(redis.RedisError):
    """What is in Redis was stored under another number of shards: with this one nothing of it would be found."""


class ReplicaError(redis.ConnectionError):
    """What answers is a replica, which may lag behind what was acknowledged."""


@dataclass(frozen=True, slots=True)
class _View:
    """What a look has shown."""

    master: str
    looked_at: float
    told: bool
    moving: frozenset[str] = frozenset()


class RedisMaster:
    """A Redis that this process speaks with, called by the run and the replication history it is in.

    It was told of what has ended when all its marks say so.
    """

    def __init__(self, shards: int, marks: Sequence[str] = (TOLD_KEY,)) -> None:
        self._shards = shards
        self._marks = tuple(marks)
        self.when_not_told: Callable[[], None] = lambda: None
        """Called where somebody needs a Redis that was not told yet."""
        self._connect: Callable[[], redis.Connection]
        self._unseen = _View("", float("-inf"), told=False)
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Nothing was seen."""
        self._view = self._unseen
        self._changes = 0
        self._failed_at = float("-inf")
        self._looking = threading.Lock()

    def connected_by(self, connect: Callable[[], redis.Connection]) -> None:
        """Say how a fresh connection is made; `introduce` has to be called when it opens."""
        self._connect = connect

    @property
    def marks(self) -> tuple[str, ...]:
        """The keys that say whether it was told."""
        return self._marks

    @property
    def moving(self) -> frozenset[str]:
        """Marks that have gone to another Redis, with what they speak of, as was seen last."""
        return self._view.moving

    def serve(self, marks: Sequence[str]) -> None:
        """It has these marks from now on: shards came or went, and what came was told to another."""
        if tuple(marks) != self._marks:
            self._marks = tuple(marks)
            self._view = self._unseen

    def introduce(self, connection: redis.Connection) -> None:
        """Ask a connection that has just been opened who is there.

        Raises ReplicaError, or redis.ResponseError if Redis doesn't let us ask.
        """
        connection.on_connect()  # type: ignore[no-untyped-call]
        connection.master_identity = _EMBEDDED if _is_embedded(connection) else _asked(connection)  # type: ignore[attr-defined]

    def look(self, since: float | None = None) -> str:
        """Who answers now: a fresh look, or somebody else's that began since that moment. Raises redis.RedisError."""
        since = seconds() if since is None else since
        if not self._looking.acquire(timeout=2 * _PATIENCE):
            raise redis.TimeoutError("Redis doesn't say who it is")
        try:
            if self._view.looked_at >= since:
                return self._view.master
            if self._failed_at >= since:
                raise redis.ConnectionError("Redis could not be asked a moment ago")
            return self._look()
        finally:
            self._looking.release()

    def _look(self) -> str:
        began = seconds()
        try:
            connection = self._connect()
        except redis.RedisError:
            self._failed_at = began
            raise
        marks = self._marks
        try:
            connection.connect()  # type: ignore[no-untyped-call]
            values = dict(zip(marks, _values(connection, marks), strict=True))
            moving = {mark for mark, value in values.items() if isinstance(value, AskError)}
            told = [self._who_was_told(value) for mark, value in values.items() if mark not in moving]
            master = identity_at(connection)
        except redis.RedisError:
            self._failed_at = began
            raise
        finally:
            connection.disconnect()  # type: ignore[no-untyped-call]
        if master != self._view.master:
            self._changes += 1
        was_told = self._view.told and master == self._view.master
        self._view = _View(master, began, was_told or all(each == master for each in told), frozenset(moving))
        if marks is not self._marks:  # another has found shards here meanwhile whose marks nobody has read
            self._view = self._unseen
        return master

    def _who_was_told(self, mark: object) -> str:
        shards = shards_in(mark)
        if shards and shards != str(self._shards):
            raise OtherShardsError(other_shards(self._shards, shards))
        return str(mark or "").partition(" ")[0]

    @property
    def changes(self) -> int:
        """How often another Redis was seen to answer than before."""
        return self._changes

    @property
    def is_told(self) -> bool:
        """Whether the Redis that was seen last had been told."""
        return self._view.told

    def present(self, since: float | None = None) -> str:
        """Who answers, whether told or not: as was seen a moment ago, or since that moment."""
        view = self._view
        is_recent = since is None and seconds() - view.looked_at < LOOK_AGAIN_AFTER
        return view.master if is_recent else self.look(since)

    def believed(self, since: float | None = None) -> str:
        """Who answers and was told: as was seen a moment ago, or since that moment.

        Raises NotBelievedError, or what a look raises.
        """
        view, now = self._view, seconds()
        if view.told and (now - view.looked_at < LOOK_AGAIN_AFTER if since is None else view.looked_at >= since):
            return view.master
        if since is None and view.told and now - view.looked_at < BELIEVED_FOR:
            return self._look_in_passing()
        return self._wait_until_told(now if since is None else since)

    def _look_in_passing(self) -> str:
        """One looks, the others go on with what was seen."""
        if self._looking.acquire(blocking=False):
            try:
                self._look()
            except redis.RedisError:
                return self._view.master  # still good for a moment; who needs an answer finds out whether there is one
            finally:
                self._looking.release()
        return self._view.master if self._view.told else self._wait_until_told(seconds())

    def _wait_until_told(self, since: float) -> str:
        deadline = seconds() + _PATIENCE
        while True:
            self.look(since)
            view = self._view
            if view.told:
                return view.master
            self.when_not_told()
            if seconds() > deadline:
                raise NotBelievedError("the Redis that answers was not told yet of all that has ended")
            time.sleep(_PAUSE)
            since = seconds() - _PAUSE


def unchanged(masters: Callable[[], Sequence[RedisMaster]], act: Callable[[], None]) -> None:
    """Run `act`, which may be repeated, until the same ones answer before and after it.

    Raises NotBelievedError if they go on changing: then what was done may be lost with one that others have left.
    """
    for _ in range(_ATTEMPTS):
        concerned = masters()
        for master in concerned:
            master.present()
        changes = [master.changes for master in concerned]
        act()
        for master in concerned:
            master.look()
        if changes == [master.changes for master in concerned]:
            return
    raise NotBelievedError("another Redis answers after each attempt")


def identity_at(connection: redis.Connection) -> str:
    """Who is at the other end of an open connection."""
    identity: str = connection.master_identity  # type: ignore[attr-defined]
    return identity


def _values(connection: redis.Connection, keys: Sequence[str]) -> list[object]:
    """What is under the keys; for one that has gone, or goes, to another Redis what that is answered with."""
    connection.send_packed_command(connection.pack_commands([("GET", key) for key in keys]))  # type: ignore[no-untyped-call]
    return [_value(connection) for _ in keys]


def _value(connection: redis.Connection) -> object:
    try:
        return connection.read_response()
    except AskError as elsewhere:  # also MOVED
        return elsewhere


def _is_embedded(connection: redis.Connection) -> bool:
    hello: dict[object, object] = getattr(connection, "handshake_metadata", None) or {}
    return _EMBEDDED.encode() in hello.values() or _EMBEDDED in hello.values()


def _asked(connection: redis.Connection) -> str:
    connection.send_command("INFO", "server", "replication")  # type: ignore[no-untyped-call]
    info = _fields(connection.read_response())
    if info["role"] != "master":
        raise ReplicaError("the Redis at AUTH_REDIS_URL is a replica: the address must lead to the master")
    return f"{info['run_id']}:{info['master_replid']}"


def _fields(info: object) -> dict[str, str]:
    return dict(line.split(":", 1) for line in str(info).splitlines() if ":" in line)
