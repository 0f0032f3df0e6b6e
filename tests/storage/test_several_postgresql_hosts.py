"""A URL of several PostgreSQL hosts leads to the one that can be written, whatever the others do."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from auth_service.storage.database import Database
from shared.service.sql_database import SqlDatabase
from shared.service.sql_engine import SQL_OUTAGES
from tests.support.polling import eventually
from tests.support.postgresql import postgresql_programs
from tests.support.postgresql_pair import PostgresqlPair
from tests.support.silence import silenced

pytestmark = pytest.mark.usefixtures("usual_patience_with_postgresql")

CALLERS = 8


@pytest.fixture(scope="module")
def running_pair() -> Iterator[PostgresqlPair]:
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with PostgresqlPair.running() as pair:
        yield pair


@pytest.fixture
def pair(running_pair: PostgresqlPair) -> PostgresqlPair:
    """With the first as its primary, whatever became of it in the test before."""
    running_pair.restore()
    return running_pair


@pytest.fixture
def database(pair: PostgresqlPair) -> Iterator[SqlDatabase]:
    database = Database(pair.url("postgres"))
    database.upgrade()
    eventually(lambda: at_once(written_at, database) == [pair.first.port] * CALLERS)
    yield database
    database.close()


def written_at(database: SqlDatabase) -> int | None:
    """The port of the server that took a change; None if there was an outage."""
    try:
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))
            return session.scalar(text("SELECT inet_server_port()"))
    except SQL_OUTAGES:
        return None


def read_at(database: SqlDatabase) -> int | None:
    """The port of the server that answered; None if there was an outage."""
    try:
        with database.reading() as session:
            return session.scalar(text("SELECT inet_server_port()"))
    except SQL_OUTAGES:
        return None


def at_once(ask: Callable[[SqlDatabase], int | None], database: SqlDatabase) -> list[int | None]:
    """What came of it for some callers at once."""
    ports = list[int | None]()
    callers = [threading.Thread(target=lambda: ports.append(ask(database))) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    return ports


def test_a_killed_primary_is_an_outage_until_the_standby_has_taken_over(
    pair: PostgresqlPair, database: SqlDatabase
) -> None:
    """A standby answers questions, but nobody is told what may be out of date by now."""
    pair.first.kill()
    eventually(lambda: at_once(written_at, database) == [None] * CALLERS)
    assert at_once(read_at, database) == [None] * CALLERS
    pair.promote()
    eventually(lambda: at_once(written_at, database) == [pair.second.port] * CALLERS)
    assert at_once(read_at, database) == [pair.second.port] * CALLERS


def test_a_primary_that_was_demoted_is_left_though_its_connections_still_answer(
    pair: PostgresqlPair, database: SqlDatabase
) -> None:
    pair.first.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    pair.first.execute("SELECT pg_reload_conf()")
    eventually(lambda: at_once(written_at, database) == [None] * CALLERS)
    pair.promote()
    eventually(lambda: at_once(written_at, database) == [pair.second.port] * CALLERS)
    assert at_once(read_at, database) == [pair.second.port] * CALLERS
    assert pair.first.execute("SELECT 1") == [(1,)], "it was there all the time"


def test_a_host_that_fell_silent_does_not_hide_the_other_one(pair: PostgresqlPair, database: SqlDatabase) -> None:
    """One caller a second asks it; all others go on to the one that took over, also while the first stays silent."""
    with silenced(pair.first.url):
        eventually(lambda: at_once(written_at, database) == [None] * CALLERS)
        pair.promote()
        eventually(lambda: written_at(database) == pair.second.port)
        for _ in range(3):
            assert at_once(written_at, database) == [pair.second.port] * CALLERS
    pair.first.kill()  # as whoever promotes has to see to it


def test_while_no_standby_confirms_what_is_written_is_an_outage(pair: PostgresqlPair, database: SqlDatabase) -> None:
    """The commit waits in the primary, where no statement timeout counts for it; ours does. Reading goes on."""
    pair.standby.stop()
    for _ in range(2):
        assert written_at(database) is None
        assert at_once(read_at, database) == [pair.first.port] * CALLERS
    pair.standby.start()
    eventually(lambda: written_at(database) == pair.first.port)


def test_a_standby_is_asked_only_by_whoever_says_so(pair: PostgresqlPair, database: SqlDatabase) -> None:
    reader = Database(f"{pair.url('postgres')}&target_session_attrs=standby")
    eventually(lambda: read_at(reader) == pair.second.port)
    assert written_at(reader) is None
    reader.close()
