"""The SQL engine and its transactions. Which tables there are is `models/`; how they came to be is `migrations/`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fit_service.models import Base

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
        if url.startswith("sqlite"):
            self._engine = self._reading = _sqlite_engine(url)
        else:
            self._engine = _postgresql_engine(url)
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that reads: all its questions are answered as of one moment."""
        with Session(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed when the block ends and rolled back when it raises."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self) -> None:
        """Bring the schema to this version's. Harmless when it is."""
        from alembic import command  # noqa: PLC0415 - big, and no server needs it

        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # rewriting a large table takes its time
            config = _alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def check(self) -> None:
        """Raise unless the database answers and has this version's schema."""
        with self._engine.connect() as connection:
            migrated = inspect(connection).has_table("alembic_version")
            current = connection.scalar(text("SELECT version_num FROM alembic_version")) if migrated else None
        if current != _NEWEST:
            raise RuntimeError(f"the schema is at {current}: run `flask --app fit_service database upgrade`")

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


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: upgrading a read lock fails without waiting when two do it."""
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
