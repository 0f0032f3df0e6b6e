"""PgBouncer in front of PostgreSQL: connections find out what they may ask for, in each of its modes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from auth_service.storage.database import Database
from shared.operations.sql_findings import sql_findings
from shared.service.sql_backup import BackupError, back_up
from tests.support.pgbouncer import pgbouncer, pgbouncer_program
from tests.support.postgresql import new_database

IGNORED = "ignore_startup_parameters = options"
MODES = {
    "transaction": ("transaction",),
    "session": ("session",),
    "transaction, options ignored": ("transaction", IGNORED),
    "session, options ignored": ("session", IGNORED),
}


@pytest.fixture(scope="module")
def server(postgresql_server: str) -> str:
    if pgbouncer_program() is None:
        pytest.skip("needs PgBouncer")
    return postgresql_server


@pytest.fixture(params=list(MODES))
def pooled(server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database."""
    with pgbouncer(new_database(server, "pooled"), *MODES[request.param]) as url:
        yield url


def test_what_one_caller_asks_for_is_never_taken_for_what_another_did(pooled: str) -> None:
    """Each asks the same more often than psycopg does without preparing it, at connections that others use between."""
    database, troubles = Database(pooled), list[Exception]()
    database.upgrade()

    def live() -> None:
        try:
            for number in range(20):
                assert database.row(text("SELECT CAST(:number AS INTEGER)"), number=number) == (number,)
            for number in range(5):  # apart, since psycopg forgets what it prepared at each rollback
                with database.reading() as session:
                    assert session.scalar(text("SELECT CAST(:number AS INTEGER) + 1"), {"number": number}) == number + 1
                with database.writing() as session:
                    session.execute(text("UPDATE alembic_version SET version_num = version_num"))
        except Exception as trouble:
            troubles.append(trouble)

    callers = [threading.Thread(target=live) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    database.close()
    assert troubles == []


def test_replicas_that_start_at_once_upgrade_one_after_the_other(pooled: str) -> None:
    """Each holds the lock in the transaction in which it changes the schema, so it is on the same connection."""
    replicas, troubles = [Database(pooled) for _ in range(4)], list[Exception]()
    together = threading.Barrier(len(replicas))

    def start(replica: Database) -> None:
        together.wait(60)
        try:
            replica.upgrade()
        except Exception as trouble:
            troubles.append(trouble)

    starting = [threading.Thread(target=start, args=(replica,)) for replica in replicas]
    for each in starting:
        each.start()
    for each in starting:
        each.join(60)
    assert troubles == []
    for replica in replicas:
        replica.check()
        replica.close()


def test_no_backup_is_made_through_a_pooler_whose_connections_it_would_spoil(pooled: str, tmp_path: Path) -> None:
    """`pg_dump` empties the search path, and whoever has its connection next would find no table."""
    database = Database(pooled)
    database.upgrade()
    with pytest.raises(BackupError, match="leads to a pooler"):
        back_up(pooled, tmp_path / "backup", lambda _bytes: None)
    assert list(tmp_path.iterdir()) == []
    database.check()
    database.close()


def findings(url: str) -> list[str]:
    database = Database(url)
    database.upgrade()
    found = [finding.problem for finding in sql_findings(database)]
    database.close()
    return found


def test_the_doctor_names_the_timeouts_that_only_the_role_can_have_behind_a_pooler(server: str) -> None:
    assert findings(new_database(server, "direct")) == []
    with pgbouncer(new_database(server, "pooled")) as url:
        dropped = "is 0 for our role, since a pooler in between drops what we ask for"
        assert findings(url) == [f"PostgreSQL's statement_timeout {dropped}", f"PostgreSQL's lock_timeout {dropped}"]
    bounded = new_database(server, "bounded")
    operator = Database(server)
    for name in ("statement_timeout", "lock_timeout"):
        with operator.writing() as session:
            session.execute(text(f"ALTER DATABASE {make_url(bounded).database} SET {name} = '1200ms'"))
    operator.close()
    with pgbouncer(bounded) as url:
        assert findings(url) == []
