"""The stores under test: the same tests run on fakeredis and on a real redis-server, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from auth_service.storage import redis_master
from auth_service.storage.database import Database
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.holder import KEYS, Holder
from tests.support.lossy_redis import LossyRedis
from tests.support.migrated import migrate
from tests.support.pgbouncer import pgbouncer, pgbouncer_program
from tests.support.postgresql import new_database
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


@pytest.fixture(params=[False, True], ids=["hashes", "compact"])
def compact(request: pytest.FixtureRequest) -> bool:
    """Grants are written in either encoding."""
    return bool(request.param)


@pytest.fixture
def store(clients: RedisClients, *, compact: bool) -> GrantStore:
    return GrantStore(clients, shards=SHARDS, compact=compact)


@pytest.fixture
def ends(clients: RedisClients, *, compact: bool) -> GrantEnds:
    return GrantEnds(clients, shards=SHARDS, log_lifetime=LOG_LIFETIME, compact=compact)


@pytest.fixture
def holder(store: GrantStore, ends: GrantEnds) -> Holder:
    """A client with a new grant whose code was not used yet."""
    return Holder(store, ends, KEYS)


POOLED = [pytest.param(mode, marks=pytest.mark.torture) for mode in ("transaction", "session")]


@pytest.fixture(scope="module", params=["sqlite", "postgresql", *POOLED])
def sql_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """With the schema, for the contract suite; the last two are PostgreSQL behind PgBouncer in this mode."""
    if request.param == "sqlite":
        yield with_schema(f"sqlite:///{tmp_path_factory.mktemp('auth') / 'auth.sqlite'}")
        return
    url = with_schema(new_database(request.getfixturevalue("postgresql_server"), "auth"))
    if request.param == "postgresql":
        yield url
        return
    if pgbouncer_program() is None:
        pytest.skip("needs PgBouncer")
    with pgbouncer(url, request.param) as pooled:
        yield pooled


def with_schema(url: str) -> str:
    database = Database(url)
    migrate(database)
    database.close()
    return url


@pytest.fixture
def database(sql_url: str) -> Iterator[Database]:
    database = Database(sql_url)
    yield database
    database.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try hashes, which releases before wrote, on one form of Redis: compact grants show that all are alike."""
    items[:] = [item for item in items if not _is_of_hashes_elsewhere(item)]


def _is_of_hashes_elsewhere(item: pytest.Item) -> bool:
    chosen = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return chosen.get("compact") is False and chosen.get("each_redis_url", "redis-server") != "redis-server"
