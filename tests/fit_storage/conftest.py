"""The store under test: the same tests run on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import update

from fit_service.models.base import Base
from fit_service.models.entries import DatabaseEpoch
from fit_service.models.webhooks import FeedPosition
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from tests.support.migrated import migrate
from tests.support.pgbouncer import pgbouncer, pgbouncer_program
from tests.support.postgresql import new_database

POOLED = [pytest.param(mode, marks=pytest.mark.torture) for mode in ("transaction", "session")]


@pytest.fixture(scope="session", params=["sqlite", "postgresql", *POOLED])
def migrated_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The last two are PostgreSQL behind PgBouncer in this mode."""
    url = f"sqlite:///{tmp_path_factory.mktemp('fit') / 'fit.sqlite'}"
    with ExitStack() as running:
        if request.param != "sqlite":
            url = new_database(request.getfixturevalue("postgresql_server"), "fit")
        if request.param in {"transaction", "session"}:
            if pgbouncer_program() is None:
                pytest.skip("needs PgBouncer")
            url = running.enter_context(pgbouncer(url, request.param))
        database = Database(url)
        migrate(database)
        running.callback(database.close)
        yield database


@pytest.fixture
def database(migrated_database: Database) -> Database:
    """As it is when nothing was stored yet."""
    with migrated_database.writing() as session:
        for table in Base.metadata.sorted_tables:
            if table not in (FeedPosition.__table__, DatabaseEpoch.__table__):
                session.execute(table.delete())
        session.execute(update(FeedPosition).values(cursor="", read_at=0, doubts=0))
        session.execute(update(DatabaseEpoch).values(epoch=0, is_behind=False))
    return migrated_database


@pytest.fixture
def store(database: Database) -> BodyWeightStore:
    return BodyWeightStore(database)
