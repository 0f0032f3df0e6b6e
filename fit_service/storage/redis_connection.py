"""How this service talks to Redis: briefly, and never repeating a command behind our back."""

from collections.abc import Callable

import redis
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

_TIMEOUT = 0.2
"""Seconds to wait for Redis: longer than it ever takes, and short enough for every request to bear once."""
_POOL_SIZE = 64


def redis_pool(url: str) -> redis.ConnectionPool:
    """Connections to `url`. Nothing is opened before the first command, so this is safe before a fork."""
    return redis.BlockingConnectionPool.from_url(
        url,
        max_connections=_POOL_SIZE,
        timeout=_TIMEOUT,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


def write_probe(url: str) -> Callable[[], object]:
    """What raises when nothing can be written: then no proof counts as new, and each process counts requests alone."""
    client = redis.Redis(connection_pool=redis_pool(url))
    return lambda: client.set("fit-proof:write-probe", "", px=1000)
