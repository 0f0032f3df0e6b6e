"""How this service talks to Redis: a client for each manner, because a script must never be repeated behind our back.

redis-py repeats a timed-out command by default. For a rotation whose answer was lost, that would look like the second
use of a one-time token and end an honest person's grant, so scripts get a client without any retry.
"""

from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from auth_service.storage.redis_exchange import RedisExchange
from auth_service.storage.redis_master import RedisMaster, identity_at

SOCKET_TIMEOUT = 0.5
"""Seconds to connect, and to wait for each answer; then the request gets a 503."""
BLOCKING_READ = 1.0
"""Seconds for which a blocking read may wait for something to read."""
_POOL_SIZE = 64
_POOL_WAIT = 0.2


@dataclass(frozen=True, slots=True)
class RedisClients:
    """`scripts` never repeats anything, `reads` repeats a read once, `blocking` is for reads that wait.

    `exchange` is for what every token request does: it believes no Redis that was not told of all that has ended.
    `ending` is the same for what ends something, which does no harm in any. All decode answers to `str`, and none
    speaks with a replica or with a Redis that was left.
    """

    master: RedisMaster
    scripts: "redis.Redis"
    reads: "redis.Redis"
    blocking: "redis.Redis"
    exchange: RedisExchange
    ending: RedisExchange

    def check_writing(self) -> None:
        """Raise unless something can be written: a full Redis and a replica answer reads only."""
        self.scripts.set("write-probe", "", px=1000)


def connect_redis(url: str) -> RedisClients:
    """Clients for `url`. Nothing is opened before the first command, so this is safe before a fork."""
    master = RedisMaster()
    scripts = _client(url, master, Retry(NoBackoff(), 0))
    pool = scripts.connection_pool
    master.connected_by(lambda: pool.connection_class(**pool.connection_kwargs))
    return RedisClients(
        master=master,
        scripts=scripts,
        reads=_client(url, master, Retry(ExponentialBackoff(cap=0.05, base=0.01), 1)),
        blocking=_client(url, master, Retry(NoBackoff(), 0), SOCKET_TIMEOUT + BLOCKING_READ),
        exchange=RedisExchange(pool, master.believed),
        ending=RedisExchange(pool, master.present),
    )


def _client(url: str, master: RedisMaster, retry: Retry, answer_within: float = SOCKET_TIMEOUT) -> "redis.Redis":
    pool = _Pool.from_url(
        url,
        max_connections=_POOL_SIZE,
        timeout=_POOL_WAIT,
        socket_timeout=answer_within,
        socket_connect_timeout=SOCKET_TIMEOUT,
        retry=retry,
        decode_responses=True,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
        redis_connect_func=master.introduce,
    )
    pool.master = master
    return redis.Redis(connection_pool=pool)


class _Pool(redis.BlockingConnectionPool):
    """Connections to the Redis that answers now: one that leads to another is made anew."""

    master: RedisMaster

    def get_connection(self, *args: Any, **kwargs: Any) -> redis.Connection:
        """As redis-py's, which says what it raises."""
        connection: redis.Connection = super().get_connection(*args, **kwargs)  # type: ignore[no-untyped-call]
        try:
            if identity_at(connection) != self.master.present():
                connection.disconnect()  # type: ignore[no-untyped-call]
                connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            self.release(connection)  # type: ignore[no-untyped-call]
            raise
        return connection
