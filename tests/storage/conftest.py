"""The stores under test: the same tests run on fakeredis and on a real redis-server."""

import pytest

from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients, connect_redis
from auth_service.storage.token_handle import TokenKeyRing
from tests.storage.holder import Holder

LOG_LIFETIME = 90
SHARDS = 4


@pytest.fixture
def clients(each_redis_url: str) -> RedisClients:
    """An empty Redis."""
    clients = connect_redis(each_redis_url)
    clients.scripts.flushdb()
    return clients


@pytest.fixture
def store(clients: RedisClients) -> GrantStore:
    return GrantStore(clients, shards=SHARDS, log_lifetime=LOG_LIFETIME)


@pytest.fixture
def holder(store: GrantStore) -> Holder:
    """A client with a new grant whose code was not used yet."""
    return Holder(store, TokenKeyRing([b"k" * 32]))
