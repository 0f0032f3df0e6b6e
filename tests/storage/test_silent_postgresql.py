"""A PostgreSQL that falls silent: whoever asks it is told within two seconds, and it serves again as soon as it can."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

import auth_service.storage.database
import fit_service.storage.database
from shared.service.postgresql_connection import ANSWER, CONNECT
from shared.service.sql_database import SqlDatabase
from shared.service.sql_engine import SQL_OUTAGES
from tests.support.polling import eventually
from tests.support.postgresql import new_database, postgresql, postgresql_programs
from tests.support.silence import silenced

pytestmark = pytest.mark.usefixtures("usual_patience_with_postgresql")

SERVICES = {"auth": auth_service.storage.database.Database, "fit": fit_service.storage.database.Database}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with postgresql() as url:
        yield url


@pytest.fixture(params=list(SERVICES))
def database(server: str, request: pytest.FixtureRequest) -> Iterator[SqlDatabase]:
    database: SqlDatabase = SERVICES[request.param](new_database(server, f"silent_{request.param}"))
    database.upgrade()
    yield database
    database.close()


def asked(database: SqlDatabase, midway: threading.Barrier | None = None) -> type[Exception] | None:
    """What came of a question, or of a second one if something happens midway."""
    try:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
            if midway:
                midway.wait(60)
                midway.wait(60)
                session.execute(text("SELECT 1"))
    except SQL_OUTAGES as outage:
        return type(outage)
    return None


def test_nobody_waits_for_a_server_that_fell_silent(server: str, database: SqlDatabase) -> None:
    """Neither with a kept connection, nor with one that would have to be made, nor in the middle of a transaction."""
    assert CONNECT + ANSWER < 2
    midway, outcomes = threading.Barrier(2), list[type[Exception] | None]()
    askers = [
        threading.Thread(target=lambda barrier=barrier: outcomes.append(asked(database, barrier)), daemon=True)
        for barrier in (midway, *([None] * 8))
    ]
    askers[0].start()
    midway.wait(60)
    with silenced(server):
        midway.wait(60)
        for asker in askers[1:]:
            asker.start()
        for asker in askers:
            asker.join(20)
        answered = list(outcomes)
    assert len(answered) == len(askers), "somebody still waited after 20 seconds"
    assert None not in answered
    eventually(lambda: asked(database) is None)
