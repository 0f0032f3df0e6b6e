"""Clients for each form of Redis, which never repeat a command behind our back."""

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool, SSLConnection
from redis.driver_info import DriverInfo
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool

from shared.redis.address import Place, RedisAddress
from shared.redis.agreeing_sentinels import AgreeingSentinels
from shared.redis.cluster_client import ClusterClient
from shared.redis.cluster_map import ClusterMap

NEVER_AGAIN = Retry(NoBackoff(), 0)
POOL_SIZE = 64


def settings_of_connections(connect_within: float, answer_within: float, retry: Retry = NEVER_AGAIN) -> dict[str, Any]:
    """What every connection is given, in redis-py's names; times are in seconds."""
    return {
        "socket_connect_timeout": connect_within,
        "socket_timeout": answer_within,
        "retry": retry,
        "decode_responses": True,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "driver_info": DriverInfo(),  # else each connection reads redis-py's version from its disk
    }


def sentinels_of(address: RedisAddress, settings: dict[str, Any]) -> AgreeingSentinels:
    """The Sentinels that watch a service. Nothing is opened before they are asked."""
    return AgreeingSentinels(address.hosts, {**address.sentinel_options, **settings})


def cluster_map(address: RedisAddress, settings: dict[str, Any]) -> ClusterMap:
    """The map of a cluster. Nothing is opened before it is looked at."""
    return ClusterMap(address.hosts, lambda place: unopened_connection(pool_at(address, place, settings)))


def pool_at(address: RedisAddress, place: Place, settings: dict[str, Any]) -> ConnectionPool:
    """Connections to one node of a cluster."""
    options = dict(address.options)
    kind = SSLConnection if options.pop("ssl", False) else redis.Connection
    host, port = place
    return ConnectionPool(kind, max_connections=POOL_SIZE, host=host, port=port, **options, **settings)


def unopened_connection(pool: ConnectionPool, **others: Any) -> redis.Connection:
    """A connection as the pool's, and with `others` among its settings, that is no part of the pool."""
    connection: redis.Connection = pool.connection_class(**{**pool.connection_kwargs, **others})
    return connection


def client_of_cluster(address: RedisAddress, cluster: ClusterMap, settings: dict[str, Any]) -> ClusterClient:
    """Commands on one key each, to whichever master has it."""
    return ClusterClient(
        cluster, lambda place: redis.Redis(connection_pool=pool_at(address, place, settings)), decode_responses=True
    )


def client_of(address: RedisAddress, settings: dict[str, Any], wait_for_connection: float) -> "redis.Redis":
    """A client for any form. Nothing is opened before the first command, so this is safe before a fork."""
    if address.kind == "cluster":
        return client_of_cluster(address, cluster_map(address, settings), settings)
    if address.kind == "sentinel":
        sentinels = sentinels_of(address, settings)
        pool: ConnectionPool = SentinelConnectionPool(  # type: ignore[no-untyped-call]
            address.service, sentinels, max_connections=POOL_SIZE, **address.options, **settings
        )
    else:
        pool = redis.BlockingConnectionPool.from_url(
            address.url, max_connections=POOL_SIZE, timeout=wait_for_connection, **settings
        )
    return redis.Redis(connection_pool=pool)
