"""Asks one question again and again: past the layers in which SQLAlchemy spends three times as long as SQLite.

The query, its types, the connections and what goes wrong stay SQLAlchemy's. What is left out is what it does anew for
each statement, and the sign of life that its pool asks each connection for: if a statement fails here, whatever the
reason, it is asked once more in the usual way, which tells a lost connection from a lost database.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Connection, Dialect, Engine, Select, TypeDecorator
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from shared.service.postgresql_connection import PostgresqlConnection

_AskDriver = Callable[[Any, dict[str, str | int]], list[Any]]
"""Ask a driver's connection, with these parameters, for all rows. Raises the driver's errors."""
_WITHOUT_JSON = sqlite.dialect()
"""Its driver knows no JSON, so types read the text themselves."""
_HELD = 4
"""So many connections of the pool are kept out of it. More questions at the same time go the usual way."""


class HeldConnections:
    """They begin no transactions, and one thread uses each at a time. Like the pool's, none is there before a fork."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self.is_traced = False
        """If true, SQLAlchemy has to see each statement."""
        self._idle: list[Connection] = []
        self._is_closed = False

    def take(self) -> Connection:
        """Return a connection. Raises what the engine raises."""
        try:
            return self._idle.pop()
        except IndexError:
            return self.engine.connect()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next question."""
        if self._is_closed:
            self.drop(connection)
        elif len(self._idle) < _HELD:
            self._idle.append(connection)
        else:
            connection.close()

    @staticmethod
    def drop(connection: Connection) -> None:
        """Never use a connection again."""
        with suppress(SQLAlchemyError):
            connection.invalidate()
            connection.close()

    def close(self) -> None:
        """Give all of them back to the pool, and keep none any longer."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()


class Question:
    """A query. Its parameters are text or whole numbers."""

    def __init__(self, held: HeldConnections, query: Select[*tuple[Any, ...]]) -> None:
        self._held, self._query = held, query
        dialect = held.engine.dialect
        self._ask_driver = (_ask_postgresql if dialect.name == "postgresql" else _ask_sqlite)(query, dialect)
        self._row: Any = namedtuple("Row", query.selected_columns.keys())  # type: ignore[misc]
        processors = [_processor(column.type, dialect) for column in query.selected_columns]
        self._processors = [(place, process) for place, process in enumerate(processors) if process is not None]

    def ask(self, **parameters: str | int) -> Any:
        """Return the one row, whose values have the names of their columns, or None. Raises what SQLAlchemy raises."""
        rows = self.rows(**parameters)
        return self._row._make(rows[0]) if rows else None

    def rows(self, **parameters: str | int) -> list[Sequence[Any]]:
        """Return all rows. Raises what SQLAlchemy raises."""
        if self._held.is_traced:
            return self.rows_as_usual(**parameters)
        connection = self._held.take()
        try:
            rows = self._ask_driver(connection.connection.driver_connection, parameters)
        except self._held.driver_error:
            self._held.drop(connection)
            return self.rows_as_usual(**parameters)
        except BaseException:
            self._held.drop(connection)
            raise
        self._held.give_back(connection)
        return [self._read(row) for row in rows] if self._processors else rows

    def rows_as_usual(self, **parameters: str | int) -> list[Sequence[Any]]:
        """Return all rows by SQLAlchemy's own means."""
        with self._held.engine.connect() as connection:
            return list(connection.execute(self._query, parameters).all())

    def _read(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for place, process in self._processors:
            values[place] = process(values[place])
        return values


def _processor(column: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what makes a value of this type of a driver's, if that isn't the same. JSON is read of its text."""
    is_json = isinstance(column.impl if isinstance(column, TypeDecorator) else column, JSON)
    of = _WITHOUT_JSON if is_json else dialect
    return column.dialect_impl(of).result_processor(of, None)


def _ask_sqlite(query: Select[*tuple[Any, ...]], dialect: Dialect) -> _AskDriver:
    compiled = query.compile(dialect=dialect)
    text, constants, names = compiled.string, compiled.params, compiled.positiontup or ()

    def ask(driver: Any, parameters: dict[str, str | int]) -> list[Any]:
        named = {**constants, **parameters}
        rows: list[Any] = driver.execute(text, [named[name] for name in names]).fetchall()
        return rows

    return ask


def _ask_postgresql(query: Select[*tuple[Any, ...]], dialect: Dialect) -> _AskDriver:
    numbering: Callable[..., Dialect] = type(dialect)
    compiled = query.compile(dialect=numbering(paramstyle="numeric_dollar"))
    text, constants, names = compiled.string.encode(), compiled.params, compiled.positiontup or ()
    name = sha256(text).hexdigest()[:32].encode()
    outage: type[Exception] = dialect.loaded_dbapi.OperationalError

    def ask(driver: "PostgresqlConnection", parameters: dict[str, str | int]) -> list[Any]:
        named = {**constants, **parameters}
        rows = driver.rows(name, text, [str(named[each]).encode() for each in names])
        # A primary that was demoted says so with its answer, which may be older than what ended meanwhile elsewhere.
        if driver.pgconn.parameter_status(b"default_transaction_read_only") == b"on":
            raise outage("this PostgreSQL has become read-only")
        return rows

    return ask
