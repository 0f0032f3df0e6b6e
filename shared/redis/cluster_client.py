"""Ordinary commands on one key each, sent to whichever master of a cluster has the key.

Not redis-py's `RedisCluster`: that connects when it is made, so not before a fork; repeats commands whose answer was
lost, in pipelines even when told not to; believes one node about the map (`cluster_map.py`); and raises exceptions
that are no `redis.RedisError` when it finds none.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import redis
from redis.crc import key_slot
from redis.exceptions import MovedError

from shared.redis.address import Place
from shared.redis.cluster_map import ClusterMap
from shared.resource_server.process import seconds

_ABOUT_THE_SERVER = {"ACL", "CLIENT", "CONFIG", "DBSIZE", "FLUSHALL", "FLUSHDB", "INFO", "KEYS", "PING", "SCRIPT"}
_KEY_OF_SCRIPT = 3
_RECENT = 0.2
"""Seconds for which a look at the map that somebody else had is good enough after a failure."""


class ClusterClient(redis.Redis):
    """Redis-py's client, with another way from a command to a connection.

    A command about the server goes to all masters: lists of what they answer are joined, else the last answer counts.
    Nothing is sent twice but what was told to go elsewhere, and so was not carried out.
    """

    def __init__(self, cluster: ClusterMap, client_at: Callable[[Place], "redis.Redis"], **encoding: Any) -> None:
        super().__init__(
            connection_pool=redis.ConnectionPool(**encoding)
        )  # it never connects: only its encoder is used
        self._cluster = cluster
        self._client_at = client_at
        self._clients: dict[Place, redis.Redis] = {}

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """What Redis answers. Raises redis.RedisError."""
        name = str(args[0]).upper().partition(" ")[0]
        if name in _ABOUT_THE_SERVER:
            return _joined([self._run(place, args, options) for place in self._cluster.masters()])
        key = args[_KEY_OF_SCRIPT if name in {"EVAL", "EVALSHA"} else 1]
        slot = key_slot(key if isinstance(key, bytes) else str(key).encode())
        asked_at = seconds()
        try:
            return self._run(self._cluster.owner(slot), args, options)
        except MovedError:
            self._cluster.look(asked_at)
            return self._run(self._cluster.owner(slot), args, options)
        except (redis.ConnectionError, redis.TimeoutError):
            self._look_in_passing()
            raise

    def pipeline(self, *_args: Any, **_options: Any) -> Any:
        """Not in a cluster: keys that are sent together may have several masters."""
        raise NotImplementedError("a cluster has no one place for a pipeline: use a script on keys of one slot")

    def scan_iter(self, *args: Any, **options: Any) -> Iterator[Any]:
        """The keys of all masters, one master after another."""
        for place in self._cluster.masters():
            yield from self._client(place).scan_iter(*args, **options)

    def _look_in_passing(self) -> None:
        """The next command may find a master that took over."""
        with suppress(redis.RedisError):  # the command's own failure says more
            self._cluster.look(seconds() - _RECENT)

    def _run(self, place: Place, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return self._client(place).execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def _client(self, place: Place) -> "redis.Redis":
        client = self._clients.get(place)
        if client is None:
            client = self._clients.setdefault(place, self._client_at(place))
        return client


def _joined(answers: list[Any]) -> Any:
    return [each for answer in answers for each in answer] if isinstance(answers[-1], list) else answers[-1]
