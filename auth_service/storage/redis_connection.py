"""How this service talks to Redis: a client for each manner, because a script must never be repeated behind our back.

redis-py repeats a timed-out command by default. For a rotation whose answer was lost, that would look like the second
use of a one-time token and end an honest person's grant, so scripts get a client without any retry.
"""

from dataclasses import dataclass

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from auth_service.storage.redis_exchange import RedisExchange

SOCKET_TIMEOUT = 0.5
"""Seconds to connect, and to wait for each answer; then the request gets a 503."""
BLOCKING_READ = 1.0
"""Seconds for which a blocking read may wait for something to read."""
_POOL_SIZE = 64
_POOL_WAIT = 0.2


@dataclass(frozen=True, slots=True)
class RedisClients:
    """`scripts` never repeats anything, `reads` repeats a read once, `blocking` is for reads that wait.

    `exchange` is for what every token request does. All decode answers to `str`.
    """

    scripts: "redis.Redis"
    reads: "redis.Redis"
    blocking: "redis.Redis"
    exchange: RedisExchange

    def check_writing(self) -> None:
        """Raise unless something can be written: a full Redis and a replica answer reads only."""
        self.scripts.set("write-probe", "", px=1000)


def connect_redis(url: str) -> RedisClients:
    """Clients for `url`. Nothing is opened before the first command, so this is safe before a fork."""
    scripts = _client(url, Retry(NoBackoff(), 0))
    return RedisClients(
        scripts=scripts,
        reads=_client(url, Retry(ExponentialBackoff(cap=0.05, base=0.01), 1)),
        blocking=_client(url, Retry(NoBackoff(), 0), SOCKET_TIMEOUT + BLOCKING_READ),
        exchange=RedisExchange(scripts.connection_pool),
    )


def _client(url: str, retry: Retry, answer_within: float = SOCKET_TIMEOUT) -> "redis.Redis":
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=_POOL_SIZE,
        timeout=_POOL_WAIT,
        socket_timeout=answer_within,
        socket_connect_timeout=SOCKET_TIMEOUT,
        retry=retry,
        decode_responses=True,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return redis.Redis(connection_pool=pool)
