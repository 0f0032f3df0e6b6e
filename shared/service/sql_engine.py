"""SQLAlchemy engines for SQLite and PostgreSQL that nobody waits for long: what can't be answered soon is an outage.

A server that is stopped, or whose network swallows everything, still has its packets acknowledged or held back by
kernels, so neither PostgreSQL's own timeouts nor TCP's end a wait for it. Here the caller's side has a deadline.
"""

import threading
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen, PQGenConn
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

T = TypeVar("T")
Y = TypeVar("Y")

SQL_OUTAGES = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)
"""One of these is raised when SQL can't be asked or written. A read-only PostgreSQL raises InternalError."""

CONNECT = 0.5
"""A server must take a connection within so many seconds; with a statement's they are less than two."""
STATEMENT = 1.2
"""PostgreSQL gives a statement up after so many seconds, also one that waits for a lock."""
ANSWER = 1.45
"""We give it up after so many seconds. Only a server that fell silent lets it come to that."""
PAUSE = 1.0
"""Once in so many seconds a caller finds out whether a silent server answers again; the others are refused at once."""
_POOL_SIZE = 16
_POOL_WAIT = 0.5
_SQLITE_LOCK = 1.9
"""A connection waits so many seconds for whoever writes."""


def sql_engine(url: str, *, pgbouncer: bool) -> Engine:
    """Return an engine that opens no connection before the first transaction, so it may be made before a fork.

    With `pgbouncer`, nothing is asked of a PostgreSQL connection that outlives a transaction: no startup options, so
    that the role must have the timeouts, and no prepared statements.
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


class _SilentError(psycopg.OperationalError):
    """No answer came, or none is to be expected."""


class _Silence:
    """It remembers that a server fell silent, so that not every caller has to find out by waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def lasts(self) -> bool:
        """Return whether the server is not to be asked: False for one caller in each pause, who finds out."""
        if not self._until:
            return False
        with self._lock:
            now = time.monotonic()
            if now >= self._until > 0:
                self._until = now + PAUSE
                return False
            return now < self._until

    def begin(self) -> None:
        """Remember that no answer came."""
        with self._lock:
            self._until = time.monotonic() + PAUSE

    def end(self) -> None:
        """Remember that an answer came."""
        if self._until:
            self._until = 0.0


class _Connection(psycopg.Connection[Any]):
    """It waits for each answer for a while, and is closed when none comes."""

    silence: _Silence
    patience: float | None = ANSWER

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        """Connect to one address of the server. psycopg's own `connect_timeout` can't be less than two seconds."""
        return _within(CONNECT, super()._connect_gen(conninfo))

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Send something and wait for what comes; everything that psycopg does over a connection passes here."""
        if self.patience is None:
            return super().wait(gen, *args, **kwargs)
        if self.silence.lasts():
            self.close()
            raise _SilentError("the database fell silent a moment ago")
        try:
            answer = super().wait(_within(self.patience, gen), *args, **kwargs)
        except _SilentError:
            self.silence.begin()
            self.close()
            raise
        self.silence.end()
        return answer


def _within(seconds: float, steps: Generator[Y, int, T]) -> Generator[Y, int, T]:
    """Take the same steps of psycopg's, which are told at least ten times a second whether something has come."""
    latest = time.monotonic() + seconds
    try:
        waits_for = next(steps)
        while True:
            ready = yield waits_for
            if not ready and time.monotonic() > latest:  # what is there is read, however late this process looks
                raise _SilentError("the database is silent")
            waits_for = steps.send(ready)
    except StopIteration as done:
        answer: T = done.value
        return answer


def _postgresql_engine(url: str, *, pgbouncer: bool) -> Engine:
    timeouts = f"-c statement_timeout={STATEMENT}s -c lock_timeout={STATEMENT}s"
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=_POOL_WAIT,
        pool_size=_POOL_SIZE,
        connect_args={
            "tcp_user_timeout": int(ANSWER * 1000),
            "keepalives_idle": 5,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            **({"prepare_threshold": None} if pgbouncer else {"options": timeouts}),
        },
    )
    silence = _Silence()

    def connect(_dialect: object, _record: object, _positional: object, parameters: dict[str, Any]) -> _Connection:
        if silence.lasts():
            raise _SilentError("the database fell silent a moment ago")
        try:
            connection = _Connection.connect(**parameters)
        except _SilentError:
            silence.begin()
            raise
        silence.end()
        connection.silence = silence
        return connection

    event.listen(engine, "do_connect", connect)
    return engine


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
