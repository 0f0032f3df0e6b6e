"""Executes one statement again and again in transactions, past the layers in which SQLAlchemy does so anew each time.

The transaction, its connection and the errors stay SQLAlchemy's, and what is prepared is the driver's affair. Questions
outside of transactions are `sql_question.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError

TRACED = "is_traced"
"""An engine has this execution option if SQLAlchemy has to see each statement."""

_Rows = Sequence[Sequence[Any]]
_Value = str | int | None


class Statement:
    """Its values, those of its parameters and of its rows, are text, whole numbers and nothing."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._by_dialect: dict[str, Callable[[Any, Mapping[str, _Value]], _Rows]] = {}

    def rows(self, connection: Connection, **parameters: _Value) -> _Rows:
        """Execute it in the connection's transaction and return its rows. Raises what SQLAlchemy raises."""
        if TRACED in connection.get_execution_options():
            return self.rows_as_usual(connection, **parameters)
        dialect, driver = connection.dialect, connection.connection.driver_connection
        execute = self._by_dialect.get(dialect.name)
        if execute is None:
            execute = self._by_dialect[dialect.name] = self._compiled(dialect)
        driver_error = dialect.loaded_dbapi.Error
        try:
            return execute(driver, parameters)
        except driver_error as error:
            is_lost = dialect.is_disconnect(error, driver, None)
            if is_lost:
                connection.invalidate(error)
            raise DBAPIError.instance(
                str(self._statement),
                None,
                error,
                driver_error,
                hide_parameters=True,
                connection_invalidated=is_lost,
                dialect=dialect,
            ) from error

    def rows_as_usual(self, connection: Connection, **parameters: _Value) -> _Rows:
        """Do the same by SQLAlchemy's own means."""
        result = connection.execute(self._statement, parameters)
        return result.all() if result.returns_rows else []

    def _compiled(self, dialect: Dialect) -> Callable[[Any, Mapping[str, _Value]], _Rows]:
        compiled: Any = self._statement.compile(dialect=dialect)
        text, constants, names = compiled.string, compiled.params, compiled.positiontup or ()

        def on_sqlite(driver: Any, parameters: Mapping[str, _Value]) -> _Rows:
            named = {**constants, **parameters}
            rows: _Rows = driver.execute(text, [named[name] for name in names]).fetchall()
            return rows

        def on_postgresql(driver: Any, parameters: Mapping[str, _Value]) -> _Rows:
            cursor = driver.execute(text, {**constants, **parameters})
            has_rows = cursor.rownumber is not None
            rows: _Rows = cursor.fetchall() if has_rows else []
            return rows

        return on_postgresql if dialect.name == "postgresql" else on_sqlite
