"""Clients of a Redis of which everything is believed, without the reconciler that would have told it what has ended."""

import redis

from auth_service.models.base import now
from auth_service.storage.reconciliation import Reconciliation, Told
from auth_service.storage.redis_connection import RedisClients, connect_redis
from shared.redis.shards import TOLD_KEY

SHARDS = 4


def connect_told(url: str) -> RedisClients:
    if "+" not in url:
        with redis.Redis.from_url(url) as other_tests_redis:  # which they may have filled with another number of shards
            other_tests_redis.delete(TOLD_KEY)
    clients = connect_redis(url, SHARDS)
    mark_told(clients)
    return clients


def mark_told(clients: RedisClients) -> None:
    """Until its data are removed and another process looks."""
    for node in clients.nodes():
        Reconciliation(node, SHARDS).mark_told(Told(node.master.look(), now()))
        node.master.look()
