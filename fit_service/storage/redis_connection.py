"""How this service talks to Redis: briefly, and never repeating a command behind our back."""

from collections.abc import Callable

import redis

from shared.redis.address import redis_address
from shared.redis.connecting import client_of, settings_of_connections

_TIMEOUT = 0.2
"""Redis is waited for so many seconds: longer than it ever takes, and short enough for every request to bear once."""


def redis_client(url: str) -> "redis.Redis":
    """A client for any form of Redis. It opens nothing before the first command, so this is safe before a fork."""
    return client_of(redis_address(url), settings_of_connections(_TIMEOUT, _TIMEOUT), _TIMEOUT)


def write_probe(url: str) -> Callable[[], object]:
    """What raises when nothing can be written: then no proof counts as new, and each process counts requests alone."""
    client = redis_client(url)
    return lambda: client.set("fit-proof:write-probe", "", px=1000)
