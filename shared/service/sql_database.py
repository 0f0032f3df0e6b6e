"""What the `storage/database.py` of both services have in common: transactions, and a schema of numbered migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Executable, Inspector, MetaData, Select, create_engine, inspect, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, Session

from shared.service.sql_engine import sql_engine, wait_however_long
from shared.service.sql_question import HeldConnections, Question
from shared.service.sql_statement import TRACED

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.dialects import postgresql


_UPGRADE_LOCK = 7_103_874_215
"""PostgreSQL's advisory lock of this number is held by whoever upgrades a schema: any number, always the same one."""
_LONGEST_UPGRADE = 3_600_000
"""So many milliseconds another process waits on SQLite for an upgrade that goes on."""


class SchemaError(RuntimeError):
    """The database has another release's schema. It says what is the matter and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}: {remedy}")
        self.problem, self.remedy = problem, remedy


class SqlDatabase:
    """It is a service's SQL. It opens no connection before the first transaction, so a fork may follow."""

    service: str
    """It is the name of the package, for the command that upgrades the schema."""
    migrations: Path
    tables: MetaData
    reads_at: Literal["REPEATABLE READ"] | None = None
    """Transactions that read have this isolation level, or the server's if it is None."""

    def __init__(self, url: str, *, pgbouncer: bool = False) -> None:
        self._engine = sql_engine(url, pgbouncer=pgbouncer)
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        asking = create_engine(url, pool=self._engine.pool, hide_parameters=True)
        sqlite = asking.dialect.name == "sqlite"  # begins nothing by itself, as it is configured
        self._asking = asking if sqlite else asking.execution_options(isolation_level="AUTOCOMMIT")
        """Begins no transaction, which for PostgreSQL would be two more questions, and has no events, whose handling
        would cost as much as a small query.
        """
        self._held = HeldConnections(self._asking)
        level = None if sqlite else self.reads_at
        self._reading = self._engine.execution_options(isolation_level=level) if level else self._engine

    def trace_statements(self) -> None:
        """Make a span of each statement from now on."""
        from shared.service.sql_traces import trace_statements  # noqa: PLC0415 - only then OpenTelemetry is imported

        for engine in (self._engine, self._asking):
            trace_statements(engine)
        self._held.is_traced = True
        self._writing, self._reading = (
            each.execution_options(**{TRACED: True}) for each in (self._writing, self._reading)
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Begin a read-only transaction; loaded objects stay readable afterwards."""
        with Session(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    def question(self, query: Select[*tuple[Any, ...]]) -> Question:
        """Return what asks this query, by its parameters; for those of each request."""
        return Question(self._held, query)

    def row(self, query: Executable, **parameters: object) -> Any:
        """Return the one row that a query finds, or None, without a transaction."""
        with self._asking.connect() as connection:
            return connection.execute(query, parameters).one_or_none()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Begin a transaction that is committed when the block ends and rolled back when it raises."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self) -> None:
        """Bring the schema to this version's, if it isn't. Replicas that start at once do it one after the other."""
        from alembic import command  # noqa: PLC0415 - big, and no server needs it

        with self._writing.connect() as connection:
            if connection.dialect.name == "sqlite":
                _allow_tables_to_be_made_anew(connection)
            with connection.begin():
                wait_however_long(connection)
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
                if (_revision(connection) or "") > self._newest():
                    return  # a replica of the release before that starts during an update
                config = self.alembic_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def alembic_config(self) -> "Config":
        """Return how Alembic finds the migrations. It wants a connection among the attributes."""
        from alembic.config import Config  # noqa: PLC0415 - as above

        config = Config()
        config.set_main_option("script_location", str(self.migrations).replace("%", "%%"))
        return config

    def check(self) -> None:
        """Raise SchemaError unless the database answers and has this version's schema, or a later one that will do."""
        with self._engine.connect() as connection:
            current, newest = _revision(connection), self._newest()
            if current is None or current < newest:
                upgrade = f"run `flask --app {self.service} database upgrade`"
                raise SchemaError(f"the schema is at {current}", upgrade)
            if current > newest and (differs := what_is_in_the_way(inspect(connection), self.tables)):
                raise SchemaError(
                    f"the schema is at {current}, a later release's, in which {', '.join(differs)}",
                    "update the service",
                )

    def check_writing(self) -> None:
        """Raise unless something can be written and committed."""
        with self.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))

    @property
    def file(self) -> Path | None:
        """SQLite's file; None where there is none."""
        name = self._engine.url.database
        return Path(name) if self._engine.dialect.name == "sqlite" and name else None

    def server_time(self) -> float | None:
        """The time in epoch seconds by the server's clock; None where this machine's is the only one."""
        if self._engine.dialect.name == "sqlite":
            return None
        with self._asking.connect() as connection:
            return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def missing_timeouts(self) -> list[str]:
        """Return which of PostgreSQL's timeouts are not in force for us: a pooler doesn't pass ours on."""
        if self._engine.dialect.name == "sqlite":
            return []
        names = ("statement_timeout", "lock_timeout")
        with self._asking.connect() as connection:
            values = {name: connection.execute(text("SELECT current_setting(:name)"), {"name": name}) for name in names}
            return [name for name, value in values.items() if value.scalar_one() == "0"]

    def close(self) -> None:
        """Give the connections back."""
        self._held.close()
        self._engine.dispose()

    def _newest(self) -> str:
        """Return the revision of the newest migration. They are numbered."""
        newest = max(file.stem for file in (self.migrations / "versions").glob("[0-9]*.py"))
        return newest.partition("_")[0]


def what_is_in_the_way(found: Inspector, tables: MetaData) -> list[str]:
    """Return what a later release's schema lacks of these tables, and what it wants of each row that we don't write."""
    columns = {
        name: {column["name"]: column for column in each} for (_, name), each in found.get_multi_columns().items()
    }
    differs = []
    for table in tables.sorted_tables:
        there = columns.get(table.name, {})
        differs += [f"{table.name}.{name} is gone" for name in table.columns.keys() - there.keys()]
        unknown = [column for name, column in there.items() if name not in table.columns]
        needed = [column["name"] for column in unknown if not column["nullable"] and column["default"] is None]
        differs += [f"{table.name}.{name} has no default" for name in needed]
    return sorted(differs)


def _revision(connection: Connection) -> str | None:
    """Return the number of the last migration that was run; None if none was."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def upsert(session: Session, table: type[DeclarativeBase]) -> "sqlite.Insert | postgresql.Insert":
    """Return an INSERT that knows ON CONFLICT, which each database spells alike and SQLAlchemy apart."""
    return upsert_of(session.get_bind().dialect.name, table)


def upsert_of(dialect: str, table: type[DeclarativeBase]) -> "sqlite.Insert | postgresql.Insert":
    """Return the same for a kind of database."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - who has SQLite does without

    return postgresql.insert(table)


def _allow_tables_to_be_made_anew(connection: Connection) -> None:
    """SQLite changes a table by dropping it, which foreign keys forbid. Must come before the transaction."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    driver.execute(f"PRAGMA busy_timeout={_LONGEST_UPGRADE}")
    connection.detach()  # whoever uses the pool gets another, whose foreign keys count
