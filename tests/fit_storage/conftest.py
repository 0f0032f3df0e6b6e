"""The store under test: the same tests run on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from fit_service.models import Base
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from tests.support.postgresql import postgresql, postgresql_programs


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def migrated_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "postgresql" and postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with ExitStack() as running:
        if request.param == "postgresql":
            url = running.enter_context(postgresql())
        else:
            url = f"sqlite:///{tmp_path_factory.mktemp('fit') / 'fit.sqlite'}"
        database = Database(url)
        database.upgrade()
        running.callback(database.close)
        yield database


@pytest.fixture
def database(migrated_database: Database) -> Database:
    """Without any rows."""
    with migrated_database.writing() as session:
        for table in Base.metadata.sorted_tables:
            session.execute(table.delete())
    return migrated_database


@pytest.fixture
def store(database: Database) -> BodyWeightStore:
    return BodyWeightStore(database)
