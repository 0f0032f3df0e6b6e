"""The SQL engine and its transactions. Which tables there are is `models/`; how they came to be is `migrations/`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from auth_service.models.base import Base

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent.parent / "migrations"
_NEWEST = max(file.stem for file in (_MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
"""The revision of the newest migration. They are numbered."""
_WAIT = 2
"""Seconds to wait for a connection, a lock or an answer; then the request gets a 503."""


class Database:
    """Opens no connection before the first transaction, so it is safe to build before a fork."""

    def __init__(self, url: str) -> None:
        self._engine = _sqlite_engine(url) if url.startswith("sqlite") else _postgresql_engine(url)
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        asking = create_engine(url, pool=self._engine.pool, hide_parameters=True)
        sqlite = asking.dialect.name == "sqlite"  # begins nothing by itself, as it is configured here
        self._asking = asking if sqlite else asking.execution_options(isolation_level="AUTOCOMMIT")
        """Begins no transaction, which for PostgreSQL would be two more questions, and has no events, whose handling
        would cost as much as a small query.
        """

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only transaction; loaded objects stay readable afterwards."""
        with Session(self._engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    def row(self, query: Executable, **parameters: object) -> Any:
        """The one row that a query finds, or None: the quickest way to ask one question again and again."""
        with self._asking.connect() as connection:
            return connection.execute(query, parameters).one_or_none()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed when the block ends and rolled back when it raises."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self) -> None:
        """Bring the schema to this version's. Harmless when it is."""
        from alembic import command  # noqa: PLC0415 - big, and no server needs it

        with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                _allow_tables_to_be_made_anew(connection)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # large tables take their time
                config = _alembic_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def check(self) -> None:
        """Raise unless the database answers and has this version's schema."""
        with self._engine.connect() as connection:
            migrated = inspect(connection).has_table("alembic_version")
            current = connection.scalar(text("SELECT version_num FROM alembic_version")) if migrated else None
        if current != _NEWEST:
            raise RuntimeError(f"the schema is at {current}: run `flask --app auth_service database upgrade`")

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def upsert(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which each database spells alike and SQLAlchemy apart."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if on_postgresql else sqlite.insert(table)


def _alembic_config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _postgresql_engine(url: str) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=_WAIT,
        pool_size=16,
        connect_args={
            "connect_timeout": _WAIT,
            "options": f"-c statement_timeout={_WAIT}s -c lock_timeout={_WAIT}s",
        },
    )


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _WAIT}, pool_timeout=_WAIT, pool_size=16)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _allow_tables_to_be_made_anew(connection: Connection) -> None:
    """SQLite changes a table by dropping it, which foreign keys forbid. Must come before the transaction."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    connection.detach()  # whoever uses the pool gets another, whose foreign keys count


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: upgrading a read lock fails without waiting when two do it."""
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
