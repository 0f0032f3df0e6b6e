"""One Redis that has grants: who answers there, how it is asked, and which shards it has."""

from collections.abc import Callable, Collection

import redis
from redis.connection import ConnectionPool

from auth_service.storage.redis_exchange import RedisExchange
from auth_service.storage.redis_master import RedisMaster
from shared.redis.connecting import unopened_connection
from shared.redis.shards import mark_of

_LEASE_KEY = "reconciler-lease"
_PROBE_KEY = "write-probe"


class RedisNode:
    """A single server, or a cluster's master as long as it has shards."""

    def __init__(self, name: str, master: RedisMaster, pool: ConnectionPool) -> None:
        """`name` is for the log."""
        self.name = name
        self.master = master
        self._pool = pool
        self.believed = RedisExchange(pool, master.believed)
        """For what every token request does: believes no Redis that was not told of all that has ended."""
        self.ending = RedisExchange(pool, master.present)
        """For what ends something, which does no harm in any Redis."""
        self.shards: frozenset[int] | None = None
        """Whose grants are here; None: all."""
        self.lease_key = _LEASE_KEY
        self.probe_key = _PROBE_KEY

    def exchange_with(self, whom: Callable[[float | None], str]) -> RedisExchange:
        """With the Redis that `whom` names, as long as it is the one that answers here."""
        return RedisExchange(self._pool, whom)

    def connection(self, answer_within: float) -> redis.Connection:
        """A connection that nobody else uses, which opens when it is first used; seconds to wait for an answer."""
        return unopened_connection(self._pool, socket_timeout=answer_within)

    def has(self, shard: int) -> bool:
        """Whether the grants of a shard are here, and not on their way to another node."""
        return self.shards is None or (shard in self.shards and mark_of(shard) not in self.master.moving)

    def serve(self, shards: Collection[int]) -> None:
        """In a cluster: it has these shards from now on. What is written about it lies in their slots."""
        self.shards = frozenset(shards)
        self.master.serve([mark_of(shard) for shard in sorted(shards)])
        self.lease_key = f"{_LEASE_KEY}:{{{min(shards)}}}"
        self.probe_key = f"{_PROBE_KEY}:{{{min(shards)}}}"


class Untold:
    """Who hears of a node that somebody needs and that was not told yet of all that has ended."""

    def __init__(self) -> None:
        self.hear: Callable[[RedisNode], None] = lambda _node: None
