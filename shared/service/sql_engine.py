"""SQLAlchemy engines for SQLite and PostgreSQL that nobody waits for long: what can't be answered soon is an outage."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.service.postgresql_connection import ANSWER, Connecting

SQL_OUTAGES = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)
"""One of these is raised when SQL can't be asked or written. A read-only PostgreSQL raises InternalError."""

_POOL_SIZE = 16
_POOL_WAIT = 0.5
_SQLITE_LOCK = 1.9
"""A connection waits so many seconds for whoever writes."""
_WRITABLE = "read-write"
"""Of several hosts the first that can be written is meant, unless the URL's `target_session_attrs` says otherwise."""


def sql_engine(url: str, *, pgbouncer: bool) -> Engine:
    """Return an engine that opens no connection before the first transaction, so it may be made before a fork.

    With `pgbouncer`, PostgreSQL is known to be behind a pooler; without, its connections find that out.
    """
    return _sqlite_engine(url) if url.startswith("sqlite") else _postgresql_engine(url, pgbouncer=pgbouncer)


def wait_however_long(connection: Connection) -> None:
    """Let the statements of this transaction take their time, for migrations. The connection leaves the pool."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        driver.patience = None
        connection.detach()
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")


def _postgresql_engine(url: str, *, pgbouncer: bool) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=_POOL_WAIT,
        pool_size=_POOL_SIZE,
        connect_args={
            "client_encoding": "utf8",  # else it is the database's own
            "tcp_user_timeout": int(ANSWER * 1000),
            "keepalives_idle": 5,
            "keepalives_interval": 1,
            "keepalives_count": 3,
        },
    )
    connecting = Connecting(pgbouncer=pgbouncer)
    given = engine.dialect.create_connect_args(engine.url)[1]
    wanted = {"target_session_attrs": _WRITABLE} if "," in str(given.get("host")) else {}

    def connect(_dialect: object, _record: object, _positional: object, parameters: dict[str, Any]) -> Any:
        return connecting.connect({**wanted, **parameters})

    event.listen(engine, "do_connect", connect)
    if {**wanted, **given}.get("target_session_attrs") == _WRITABLE:
        event.listen(engine, "checkout", _leave_what_is_read_only)
    return engine


def _leave_what_is_read_only(connection: Any, _record: object, _fairy: object) -> None:
    """A primary that an operator demotes says so to open connections, and before this it was asked for a sign of life.

    The pool makes another one then, to whichever host is writable.
    """
    if connection.info.parameter_status("default_transaction_read_only") == "on":
        raise DisconnectionError("this PostgreSQL has become read-only")


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
