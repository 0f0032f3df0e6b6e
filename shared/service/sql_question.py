"""Asks one question again and again: past the layers in which SQLAlchemy spends three times as long as SQLite.

The query, its types, the connections and what goes wrong stay SQLAlchemy's. What is left out is what it does anew for
each statement, and the sign of life that its pool asks each connection for: if a statement fails here, whatever the
reason, it is asked once more in the usual way, which tells a lost connection from a lost database.
"""

from collections import namedtuple
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, Select
from sqlalchemy.exc import SQLAlchemyError

_HELD = 4
"""So many connections of the pool are kept out of it. More questions at the same time go the usual way."""


class HeldConnections:
    """They begin no transactions, and one thread uses each at a time. Like the pool's, none is there before a fork."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
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
    """A query that finds one row or none."""

    def __init__(self, held: HeldConnections, query: Select[*tuple[Any, ...]]) -> None:
        self._held, self._query = held, query
        dialect = held.engine.dialect
        compiled = query.compile(dialect=dialect)
        self._text = compiled.string
        self._constants = compiled.params
        self._names: list[str] | None = list(compiled.positiontup or ()) if compiled.positional else None
        self._row: Callable[..., Any] = namedtuple("Row", query.selected_columns.keys())  # type: ignore[misc]
        types = [column.type.dialect_impl(dialect) for column in query.selected_columns]
        self._processors = [each.result_processor(dialect, None) for each in types]

    def ask(self, **parameters: str) -> Any:
        """Return the row, whose values have the names of their columns, or None. Raises what SQLAlchemy raises."""
        connection = self._held.take()
        try:
            row = self._found(connection.connection.driver_connection, self._values(parameters))
        except self._held.driver_error:
            self._held.drop(connection)
            return self.ask_as_usual(**parameters)
        except BaseException:
            self._held.drop(connection)
            raise
        self._held.give_back(connection)
        return row

    def ask_as_usual(self, **parameters: str) -> Any:
        """Return the row by SQLAlchemy's own means."""
        with self._held.engine.connect() as connection:
            return connection.execute(self._query, parameters).one_or_none()

    def _values(self, parameters: dict[str, str]) -> dict[str, Any] | list[Any]:
        named = {**self._constants, **parameters}
        return named if self._names is None else [named[name] for name in self._names]

    def _found(self, driver: Any, values: dict[str, Any] | list[Any]) -> Any:
        cursor = driver.cursor()
        try:
            cursor.execute(self._text, values)
            row = cursor.fetchone()
        finally:
            cursor.close()
        if _has_become_read_only(driver):
            raise self._held.driver_error("this PostgreSQL has become read-only")
        if row is None:
            return None
        read = zip(row, self._processors, strict=True)
        return self._row(*(value if process is None else process(value) for value, process in read))


def _has_become_read_only(driver: Any) -> bool:
    """A primary that was demoted says so with its answer, which may be older than what ended meanwhile elsewhere."""
    info = getattr(driver, "info", None)
    return info is not None and info.parameter_status("default_transaction_read_only") == "on"
