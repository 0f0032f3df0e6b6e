"""The stores under test: the same tests run on fakeredis and on a real redis-server."""

from contextlib import suppress
from pathlib import Path

import pytest
import redis

import auth_service.storage
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients, connect_redis
from auth_service.storage.token_handle import TokenKeyRing
from tests.storage.holder import Holder
from tests.support.polling import eventually

LOG_LIFETIME = 90
SHARDS = 4
SCRIPTS = [path.read_text() for path in Path(auth_service.storage.__path__[0]).glob("*.lua")]


@pytest.fixture
def clients(each_redis_url: str) -> RedisClients:
    """An empty Redis that knows the scripts: fakeredis's server may drop the connection that brings it a long one."""
    clients = connect_redis(each_redis_url)
    clients.scripts.flushdb()
    for script in SCRIPTS:
        eventually(lambda script=script: _knows(clients, script))
    return clients


def _knows(clients: RedisClients, script: str) -> bool:
    with suppress(redis.ConnectionError):
        return bool(clients.scripts.script_load(script))
    return False


@pytest.fixture
def store(clients: RedisClients) -> GrantStore:
    return GrantStore(clients, shards=SHARDS, log_lifetime=LOG_LIFETIME)


@pytest.fixture
def holder(store: GrantStore) -> Holder:
    """A client with a new grant whose code was not used yet."""
    return Holder(store, TokenKeyRing([b"k" * 32]))
