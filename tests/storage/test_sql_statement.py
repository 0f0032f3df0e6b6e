"""A statement that is executed past SQLAlchemy's layers is part of its transaction, and fails as it does in them."""

from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, event, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from auth_service.storage.database import Database
from shared.service.sql_engine import SQL_OUTAGES
from shared.service.sql_statement import TRACED, Statement
from tests.support.postgresql import new_database

WEIGHTS = Table("weights", MetaData(), Column("id", String(8), primary_key=True), Column("kg", Integer))
INSERTED = Statement(insert(WEIGHTS))
HEAVIER = Statement(update(WEIGHTS).where(WEIGHTS.c.id == bindparam("which")).values(kg=WEIGHTS.c.kg + bindparam("by")))
LOST = Statement(update(WEIGHTS).where(WEIGHTS.c.kg > 80).values(kg=None).returning(WEIGHTS.c.id))
ALL = Statement(select(WEIGHTS.c.id, WEIGHTS.c.kg).where(WEIGHTS.c.kg > bindparam("than")).order_by(WEIGHTS.c.id))


@pytest.fixture
def weights(database: Database) -> Iterator[Database]:
    """A database with a table of two weights."""
    with database.writing() as session:
        WEIGHTS.create(session.connection())
        for name, kg in (("mo", 80), ("ada", 60)):
            assert list(INSERTED.rows(session.connection(), id=name, kg=kg)) == []
    yield database
    with database.writing() as session:
        WEIGHTS.drop(session.connection())


def heavier_than(database: Database, kg: int) -> list[tuple[str, int]]:
    with database.reading() as session:
        return [(name, kg) for name, kg in ALL.rows(session.connection(), than=kg)]


def test_it_does_what_the_same_statement_does_in_the_usual_way(weights: Database) -> None:
    with weights.writing() as session:
        connection = session.connection()
        assert list(HEAVIER.rows(connection, which="mo", by=5)) == []
        for execute in (ALL.rows, ALL.rows_as_usual):
            assert [tuple(row) for row in execute(connection, than=0)] == [("ada", 60), ("mo", 85)]
        assert [tuple(row) for row in LOST.rows(connection)] == [("mo",)]
        assert list(LOST.rows(connection)) == []
    assert heavier_than(weights, 0) == [("ada", 60)]


def test_it_never_happened_if_its_transaction_is_given_up(weights: Database) -> None:
    with suppress(LookupError), weights.writing() as session:
        HEAVIER.rows(session.connection(), which="mo", by=5)
        raise LookupError
    assert heavier_than(weights, 80) == []


def test_what_the_database_refuses_is_an_error_of_sqlalchemys(weights: Database) -> None:
    def insert_a_second_time() -> None:
        with weights.writing() as session:
            HEAVIER.rows(session.connection(), which="mo", by=5)
            INSERTED.rows(session.connection(), id="mo", kg=70)

    with pytest.raises(IntegrityError):
        insert_a_second_time()
    assert heavier_than(weights, 0) == [("ada", 60), ("mo", 80)]


def test_whoever_traces_sees_it(weights: Database) -> None:
    seen = list[str]()
    engine = weights._writing.execution_options(**{TRACED: True})
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    with engine.begin() as connection:
        HEAVIER.rows(connection, which="mo", by=5)
    assert [each.partition(" SET")[0] for each in seen if "BEGIN" not in each] == ["UPDATE weights"]


def test_a_connection_that_is_lost_meanwhile_is_an_outage_and_nobody_gets_it_again(postgresql_server: str) -> None:
    with (
        closing(Database(postgresql_server)) as operator,
        closing(Database(new_database(postgresql_server, "cut"))) as database,
    ):
        with database.writing() as session:
            WEIGHTS.create(session.connection())

        def cut_and_go_on() -> None:
            with database.writing() as session:
                backend = session.scalar(text("SELECT pg_backend_pid()"))
                operator.row(text("SELECT pg_terminate_backend(:backend)"), backend=backend)
                HEAVIER.rows(session.connection(), which="mo", by=5)

        with pytest.raises(SQL_OUTAGES, match="UPDATE weights"):
            cut_and_go_on()
        assert heavier_than(database, 0) == []


def test_a_column_that_a_migration_changes_meanwhile_is_an_outage_over_each_connection_once(weights: Database) -> None:
    """So who asks while an update goes on is told to try again. SQLite prepares anew by itself."""

    def touched() -> int:
        with weights.writing() as session:  # what reads is rolled back, with all that was prepared
            return len(ALL.rows(session.connection(), than=70))

    for _ in range(10):
        assert touched() == 1
    if weights.file is None:
        with closing(Database(weights._engine.url.render_as_string())) as other, other.writing() as session:
            session.execute(text("ALTER TABLE weights ALTER COLUMN id TYPE varchar(80)"))
        with pytest.raises(SQL_OUTAGES):
            touched()
    assert touched() == 1
