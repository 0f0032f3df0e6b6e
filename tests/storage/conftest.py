"""The stores under test: the same tests run on fakeredis and on a real redis-server, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service.storage.database import Database
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients, connect_redis
from auth_service.storage.token_handle import TokenKeyRing
from tests.storage.holder import Holder
from tests.support.postgresql import postgresql, postgresql_programs

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


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def sql_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("auth")
        yield f"sqlite:///{folder / 'auth.sqlite'}"
        return
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with postgresql() as server:
        yield server


@pytest.fixture
def database(sql_url: str) -> Iterator[Database]:
    database = Database(sql_url)
    database.upgrade()
    yield database
    database.close()
