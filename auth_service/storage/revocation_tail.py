"""Wakes those who wait for the revocation log to grow: one thread per process follows each Redis that has a part of it.

It only says *that* there may be something new. What it is, each waiter reads for itself, so nothing depends on these
threads but how soon a waiter looks.
"""

import threading
import time
from collections.abc import Sequence
from typing import Any

import redis

from auth_service.storage.grant_keys import LOG_PREFIX
from auth_service.storage.redis_connection import BLOCKING_READ, SOCKET_TIMEOUT, RedisClients
from auth_service.storage.redis_master import identity_at
from auth_service.storage.redis_node import RedisNode
from shared.resource_server.process import reset_after_fork
from shared.service.outages import OutageLog

_PAUSE_AFTER_OUTAGE = 0.2
"""Seconds between attempts to follow the log again."""


class RevocationTail:
    """Follows the log from the first time that somebody waits: after a fork, in each process that needs it."""

    def __init__(self, clients: RedisClients, keys: Sequence[str]) -> None:
        self._nodes = clients.nodes
        self._keys = keys
        self._outages = OutageLog("the revocation log can't be followed")
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """A process has threads of its own."""
        self._news = threading.Condition()
        self._changes = 0
        self._followed: dict[RedisNode, threading.Thread] = {}

    @property
    def changes(self) -> int:
        """Grows with the log. Note it before reading, then wait for another: nothing is missed in between."""
        return self._changes

    def wait(self, seen: int, deadline: float) -> None:
        """Return when `changes` is no longer `seen`, or when the monotonic clock has reached `deadline`."""
        try:
            nodes = self._nodes()
        except redis.RedisError as outage:
            self._outages.add(outage)
            nodes = []
        with self._news:
            for node in nodes:
                if node not in self._followed:
                    self._followed[node] = threading.Thread(
                        target=self._follow, args=(node,), name="revocation-tail", daemon=True
                    )
                    self._followed[node].start()
            self._news.wait_for(lambda: self._changes != seen, deadline - time.monotonic())

    def _follow(self, node: RedisNode) -> None:
        while self._has_a_part(node):
            try:
                self._follow_until_outage(node)
            except redis.RedisError as outage:
                self._outages.add(outage)
                self._wake()  # waiters find out for themselves whether they can read
                time.sleep(_PAUSE_AFTER_OUTAGE)
        with self._news:
            del self._followed[node]

    def _has_a_part(self, node: RedisNode) -> bool:
        try:
            return node in self._nodes()
        except redis.RedisError:
            return True  # as far as anybody knows

    def _follow_until_outage(self, node: RedisNode) -> None:
        connection = node.connection(answer_within=SOCKET_TIMEOUT + BLOCKING_READ)
        try:
            connection.connect()  # type: ignore[no-untyped-call]
            follow = _Streams(self._keys) if node.shards is None else _Invalidations()
            follow.begin(connection)
            self._wake()  # what came before this
            while identity_at(connection) == node.master.present() and self._has_a_part(node):
                if follow.hears(connection):
                    self._wake()
        finally:
            connection.disconnect()  # type: ignore[no-untyped-call]

    def _wake(self) -> None:
        with self._news:
            self._changes += 1
            self._news.notify_all()


class _Streams:
    """In a single server: one blocking read of all streams."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys
        self._positions: list[str] = []

    def begin(self, connection: redis.Connection) -> None:
        self._positions = [_newest(_asked(connection, "XREVRANGE", key, "+", "-", "COUNT", 1)) for key in self._keys]

    def hears(self, connection: redis.Connection) -> bool:
        """Wait for a while; whether something came."""
        block = int(BLOCKING_READ * 1000)
        found = _asked(connection, "XREAD", "BLOCK", block, "STREAMS", *self._keys, *self._positions)
        for key, entries in found.items() if isinstance(found, dict) else found or ():
            self._positions[self._keys.index(key)] = entries[-1][0]
        return bool(found)


class _Invalidations:
    """In a cluster, where a blocking read takes keys of one slot only: Redis tells when a stream of this node changes.

    That is what its clients' caches are told by (`CLIENT TRACKING`), so it asks for RESP3.
    """

    def begin(self, connection: redis.Connection) -> None:
        _asked(connection, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", LOG_PREFIX)

    def hears(self, connection: redis.Connection) -> bool:
        """Wait for a while; whether something came."""
        if not connection.can_read(timeout=BLOCKING_READ):
            return _heard_before_pong(connection)
        connection.read_response(push_request=True)
        return True


def _heard_before_pong(connection: redis.Connection) -> bool:
    """Whether the other end still answers, and whether it told something before it did."""
    connection.send_command("PING")  # type: ignore[no-untyped-call]
    heard = False
    while connection.read_response(push_request=True) != "PONG":
        heard = True
    return heard


def _asked(connection: redis.Connection, *command: Any) -> Any:
    connection.send_command(*command)  # type: ignore[no-untyped-call]
    return connection.read_response()


def _newest(entries: Any) -> str:
    return str(entries[0][0]) if entries else "0-0"
