"""Over how many shards what is in a Redis was spread, which it says itself: asked at a service's start.

Keys are named by their shard, so under another number nothing would be found, and grants would end without a reason.
"""

from contextlib import suppress

import redis

from shared.redis.address import redis_address
from shared.redis.connecting import client_of, cluster_map, settings_of_connections

TOLD_KEY = "told"
"""`<identity> <epoch milliseconds> <shards>`: which Redis was told, of all that had ended before then; and over how
many shards grants are spread, which 0.1.0 didn't say.

In a cluster each shard has such a mark, which moves, and is copied, with what it speaks of.
"""
_TIMEOUT = 0.5


def mark_of(shard: int) -> str:
    """The mark of a shard in a cluster."""
    return f"{TOLD_KEY}:{{{shard}}}"


def shards_in(mark: object) -> str:
    """The number of shards that a mark says, or nothing."""
    return ([*str(mark or "").split(" "), "", ""])[2]


def other_shards(shards: int, found: str) -> str:
    """What to say of a Redis that was filled with another number of shards."""
    return (
        f"AUTH_REDIS_SHARDS is {shards}, but this Redis was filled with {found}: set that, or empty it,"
        " which ends all grants"
    )


def refuse_other_shards(url: str, shards: int) -> None:
    """Raise ValueError if this number doesn't fit what is in Redis, or the cluster. One that can't be asked fits."""
    address, settings = redis_address(url), settings_of_connections(_TIMEOUT, _TIMEOUT)
    with suppress(redis.RedisError):
        marks = [TOLD_KEY]
        if address.kind == "cluster":
            masters = len(cluster_map(address, settings).masters())
            if masters > shards:
                raise ValueError(f"AUTH_REDIS_SHARDS is {shards}, but the cluster has {masters} masters: set it to 64")
            marks = [mark_of(shard) for shard in range(shards)]
        client = client_of(address, settings, _TIMEOUT)
        for mark in marks:
            found = shards_in(client.get(mark))
            if found and found != str(shards):
                raise ValueError(other_shards(shards, found))
