"""How this service talks to Redis: clients for each manner, because a script must never be repeated behind our back.

Redis-py's clients repeat commands by default, each form of Redis in its own way. For a rotation whose answer was lost,
that would look like the second use of a one-time token and end an honest person's grant, so only reads are repeated.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool

from auth_service.storage.redis_cluster import ClusterExchange, ClusterNodes
from auth_service.storage.redis_exchange import Exchange
from auth_service.storage.redis_master import RedisMaster, identity_at, unchanged
from auth_service.storage.redis_node import RedisNode, Untold
from shared.redis.address import Place, RedisAddress, redis_address
from shared.redis.agreeing_sentinels import AgreeingSentinels
from shared.redis.connecting import (
    NEVER_AGAIN,
    POOL_SIZE,
    client_of_cluster,
    cluster_map,
    pool_at,
    sentinels_of,
    settings_of_connections,
    unopened_connection,
)

SOCKET_TIMEOUT = 0.5
"""Seconds to connect, and to wait for each answer; then the request gets a 503."""
BLOCKING_READ = 1.0
"""Seconds for which a blocking read may wait for something to read."""
_POOL_WAIT = 0.2
_READ_TWICE = Retry(ExponentialBackoff(cap=0.05, base=0.01), 1)


@dataclass(frozen=True, slots=True)
class RedisClients:
    """`scripts` never repeats anything, `reads` repeats a read once; both are for ordinary commands on one key.

    `exchange` is for what every token request does: it believes no Redis that was not told of all that has ended.
    `ending` is the same for what ends something, which does no harm in any. All decode answers to `str`, and none
    speaks with a replica or with a Redis that was left.
    """

    scripts: "redis.Redis"
    reads: "redis.Redis"
    exchange: Exchange
    ending: Exchange
    nodes: Callable[[], Sequence[RedisNode]]
    """Every Redis that has grants, as far as is known; raises redis.RedisError."""
    node_of: Callable[[int], RedisNode]
    """The one that has a shard; raises redis.RedisError."""
    untold: Untold

    @property
    def is_told(self) -> bool:
        """Whether each of them had been told of all that has ended when it was seen last."""
        return all(node.master.is_told for node in self.nodes())

    def check(self) -> None:
        """Raise unless Redis answers; of a cluster's masters one."""
        failure: redis.RedisError = redis.ConnectionError("no Redis has grants")
        for node in self.nodes():
            try:
                node.master.look()
            except redis.RedisError as silent:
                failure = silent
            else:
                return
        raise failure

    def check_writing(self) -> None:
        """Raise unless something can be written everywhere: a full Redis and a replica answer reads only."""
        for node in self.nodes():
            node.ending.ask(("SET", node.probe_key, "", "PX", 1000))

    def unchanged(self, act: Callable[[], None], shards: Iterable[int]) -> None:
        """Run `act`, which may be repeated, until those that have these shards are the same before and after it."""
        concerned = list(shards)
        unchanged(lambda: list(dict.fromkeys(self.node_of(shard).master for shard in concerned)), act)


def connect_redis(url: str, shards: int = 1) -> RedisClients:
    """Clients for `url`. Nothing is opened before the first command, so this is safe before a fork."""
    address, settings = redis_address(url), settings_of_connections(SOCKET_TIMEOUT, SOCKET_TIMEOUT)
    return _of_cluster(address, shards, settings) if address.kind == "cluster" else _of_one(address, shards, settings)


def _of_cluster(address: RedisAddress, shards: int, settings: dict[str, Any]) -> RedisClients:
    cluster, untold = cluster_map(address, settings), Untold()

    def make(place: Place) -> RedisNode:
        master = RedisMaster(shards)
        pool = pool_at(address, place, {**settings, "redis_connect_func": master.introduce})
        node = RedisNode("{}:{}".format(*place), master, pool)

        def connect() -> redis.Connection:
            nodes.confirm(node)
            return unopened_connection(pool)

        master.connected_by(connect)
        master.when_not_told = lambda: untold.hear(node)
        return node

    nodes = ClusterNodes(cluster, shards, make)
    return RedisClients(
        scripts=client_of_cluster(address, cluster, settings),
        reads=client_of_cluster(address, cluster, {**settings, "retry": _READ_TWICE}),
        exchange=ClusterExchange(nodes, believed=True),
        ending=ClusterExchange(nodes, believed=False),
        nodes=nodes.all,
        node_of=nodes.of,
        untold=untold,
    )


def _of_one(address: RedisAddress, shards: int, settings: dict[str, Any]) -> RedisClients:
    master = RedisMaster(shards)
    sentinels = sentinels_of(address, settings) if address.kind == "sentinel" else None
    settings = {**settings, "redis_connect_func": master.introduce}
    scripts, reads = (
        _pool(address, sentinels, master, {**settings, "retry": retry}) for retry in (NEVER_AGAIN, _READ_TWICE)
    )
    master.connected_by(lambda: unopened_connection(scripts))
    node, untold = RedisNode("Redis", master, scripts), Untold()
    master.when_not_told = lambda: untold.hear(node)
    return RedisClients(
        scripts=redis.Redis(connection_pool=scripts),
        reads=redis.Redis(connection_pool=reads),
        exchange=node.believed,
        ending=node.ending,
        nodes=lambda: [node],
        node_of=lambda _shard: node,
        untold=untold,
    )


def _pool(
    address: RedisAddress, sentinels: AgreeingSentinels | None, master: RedisMaster, settings: dict[str, Any]
) -> ConnectionPool:
    pool: _Pool | _SentinelPool
    if sentinels is not None:
        pool = _SentinelPool(  # type: ignore[no-untyped-call]
            address.service, sentinels, max_connections=POOL_SIZE, **address.options, **settings
        )
    else:
        pool = _Pool.from_url(address.url, max_connections=POOL_SIZE, timeout=_POOL_WAIT, **settings)
    pool.master = master
    return pool


class _ToTheMaster(ConnectionPool):
    """Connections to the Redis that answers now: one that leads to another is made anew."""

    master: RedisMaster

    def get_connection(self, *args: Any, **kwargs: Any) -> redis.Connection:
        """As redis-py's, which says what it raises."""
        connection: redis.Connection = super().get_connection(*args, **kwargs)
        try:
            if identity_at(connection) != self.master.present():
                connection.disconnect()  # type: ignore[no-untyped-call]
                connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            self.release(connection)
            raise
        return connection


class _Pool(_ToTheMaster, redis.BlockingConnectionPool):
    """To a single server."""


class _SentinelPool(_ToTheMaster, SentinelConnectionPool):
    """To whom the Sentinels name."""
