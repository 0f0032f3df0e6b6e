"""Counters of requests in any form of Redis, by the library that counts for both services."""

from typing import Any

import redis
from limits.storage import RedisStorage


class CountersInRedis(RedisStorage):
    """`limits`' storage over a client of ours, so that addresses, timeouts and repetitions mean the same everywhere."""

    def __init__(self, client: "redis.Redis", key_prefix: str) -> None:
        self._client = client
        super().__init__("redis://", connection_pool=client.connection_pool, key_prefix=key_prefix)

    def get_connection(self, readonly: bool = False) -> Any:
        """Each of its commands and scripts goes this way."""
        return self._client
