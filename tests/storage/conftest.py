"""The stores under test: the same tests run on fakeredis and on a real redis-server, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service.storage import redis_master
from auth_service.storage.database import Database
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.holder import KEYS, Holder
from tests.support.lossy_redis import LossyRedis
from tests.support.pgbouncer import pgbouncer, pgbouncer_program
from tests.support.postgresql import postgresql, postgresql_programs
from tests.support.told_redis import SHARDS, connect_told

LOG_LIFETIME = 90


@pytest.fixture(autouse=True)
def known_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again who answers: answers that are counted, or lost, are those of the stores."""
    monkeypatch.setattr(redis_master, "LOOK_AGAIN_AFTER", 3_600)


@pytest.fixture
def clients(each_redis_url: str) -> RedisClients:
    """An empty Redis."""
    clients = connect_told(each_redis_url)
    clients.scripts.flushdb()
    return clients


@pytest.fixture(scope="module")
def each_lossy_redis(each_redis_url: str) -> Iterator[LossyRedis]:
    with LossyRedis.of(each_redis_url) as lossy:
        yield lossy


@pytest.fixture
def lossy(each_lossy_redis: LossyRedis) -> Iterator[LossyRedis]:
    """A Redis whose answers can get lost."""
    yield each_lossy_redis
    each_lossy_redis.lose_answers(0)


@pytest.fixture
def store(clients: RedisClients) -> GrantStore:
    return GrantStore(clients, shards=SHARDS)


@pytest.fixture
def ends(clients: RedisClients) -> GrantEnds:
    return GrantEnds(clients, shards=SHARDS, log_lifetime=LOG_LIFETIME)


@pytest.fixture
def holder(store: GrantStore, ends: GrantEnds) -> Holder:
    """A client with a new grant whose code was not used yet."""
    return Holder(store, ends, KEYS)


POOLED = [pytest.param(mode, marks=pytest.mark.torture) for mode in ("transaction", "session")]


@pytest.fixture(scope="module", params=["sqlite", "postgresql", *POOLED])
def sql_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """For the contract suite; the last two are PostgreSQL behind PgBouncer in this mode."""
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("auth")
        yield f"sqlite:///{folder / 'auth.sqlite'}"
        return
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with postgresql() as server:
        if request.param == "postgresql":
            yield server
            return
        if pgbouncer_program() is None:
            pytest.skip("needs PgBouncer")
        with pgbouncer(server, request.param) as pooled:
            yield pooled


@pytest.fixture
def database(sql_url: str) -> Iterator[Database]:
    database = Database(sql_url)
    database.upgrade()
    yield database
    database.close()
