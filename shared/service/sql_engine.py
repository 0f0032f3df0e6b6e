"""SQLAlchemy engines for SQLite and PostgreSQL that nobody waits for long: what can't be answered soon is an outage."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import InterfaceError, InternalError, NotSupportedError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

SQL_OUTAGES = (OperationalError, InterfaceError, InternalError, NotSupportedError, PoolTimeoutError)
"""One of these is raised when SQL can't be asked or written. A read-only PostgreSQL raises InternalError, and one in
which a migration changed a column under a statement that was prepared raises NotSupportedError, once a connection.
"""

_POOL_SIZE = 16
_POOL_WAIT = 0.5
_SQLITE_LOCK = 1.9
"""A connection waits so many seconds for whoever writes."""


def sql_engine(url: str, *, pgbouncer: bool) -> Engine:
    """Return an engine that opens no connection before the first transaction, so it may be made before a fork.

    With `pgbouncer`, PostgreSQL is known to be behind a pooler; without, its connections find that out.
    """
    if url.startswith("sqlite"):
        return _sqlite_engine(url)
    from shared.service.postgresql_engine import postgresql_engine  # noqa: PLC0415 - who has SQLite needs no driver of it

    return postgresql_engine(url, pool_size=_POOL_SIZE, pool_wait=_POOL_WAIT, pgbouncer=pgbouncer)


def wait_however_long(connection: Connection) -> None:
    """Let the statements of this transaction take their time, for migrations. The connection leaves the pool."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        driver.patience = None
        connection.detach()
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if file:
        with suppress(OSError):  # connections will say that there is no such folder
            Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": _SQLITE_LOCK}, pool_timeout=_POOL_WAIT, pool_size=_POOL_SIZE
    )
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
