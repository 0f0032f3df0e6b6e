"""What a database would read to answer: whole tables and indexes, or only what was asked for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, inspect

from shared.service.sql_question import Question
from shared.service.sql_statement import Statement

_SQLITE_STEP = re.compile(r"(?P<how>SCAN|SEARCH) (?P<table>[a-z]\w+)(?: USING (?:COVERING )?INDEX (?P<index>\w+))?")


class Plans:
    """The plans of the statements that were executed while a block ran."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.read_whole: set[str] = set()
        """Tables, and indexes, that are read from one end to the other."""
        self.indexes: set[str] = set()
        """Those that are used."""


Asked = tuple[str, Any]
"""Its text and its parameters."""


@contextmanager
def statements(*engines: Engine) -> Iterator[list[Asked]]:
    """What these engines execute while the block runs, and what is asked past them."""
    executed: list[Asked] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, _: object, many: bool) -> None:
        executed.append((statement, parameters[0] if many else parameters))

    rows = Question.rows

    def note_question(question: Question, **parameters: str | int) -> list[Any]:
        asked = question._query.compile(dialect=question._held.engine.dialect)
        values = {**asked.params, **parameters}
        executed.append(
            (asked.string, tuple(values[name] for name in asked.positiontup) if asked.positional else values)
        )
        return rows(question, **parameters)

    in_transaction = Statement.rows
    for each in engines:
        event.listen(each, "before_cursor_execute", note)
    Question.rows = note_question  # type: ignore[method-assign]
    Statement.rows = Statement.rows_as_usual  # type: ignore[method-assign]
    try:
        yield executed
    finally:
        Question.rows = rows  # type: ignore[method-assign]
        Statement.rows = in_transaction  # type: ignore[method-assign]
        for each in engines:
            event.remove(each, "before_cursor_execute", note)


@contextmanager
def plans(*engines: Engine) -> Iterator[Plans]:
    """How what these engines are asked while the block runs is answered; all work on the same tables."""
    found = Plans()
    with statements(*engines) as executed:
        yield found
    asked = [each for each in executed if each[0].startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))]
    engine = engines[0]
    found.statements = [statement for statement, _ in asked]
    explain = _explain_sqlite if engine.dialect.name == "sqlite" else _explain_postgresql
    with engine.connect() as connection:
        for statement, parameters in asked:
            explain(connection, statement, parameters, found)


def foreign_keys_without_index(engine: Engine) -> set[str]:
    """Columns through which the database looks for what refers to a row that is about to go."""
    tables, without = inspect(engine), set()
    for table in tables.get_table_names():
        indexed = [index["column_names"] for index in tables.get_indexes(table)]
        indexed.append(tables.get_pk_constraint(table)["constrained_columns"])
        for key in tables.get_foreign_keys(table):
            columns = key["constrained_columns"]
            if not any(each[: len(columns)] == columns for each in indexed):
                without.add(f"{table}.{','.join(columns)}")
    return without


def _explain_sqlite(connection: Connection, statement: str, parameters: Any, found: Plans) -> None:
    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
        step = _SQLITE_STEP.match(row[3])
        if step is not None:
            if step["index"]:
                found.indexes.add(step["index"])
            if step["how"] == "SCAN":
                found.read_whole.add(step["index"] or step["table"])


def _explain_postgresql(connection: Connection, statement: str, parameters: Any, found: Plans) -> None:
    connection.exec_driver_sql("SET enable_seqscan = off")  # which is quicker while the tables are empty
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).one()
    for node in _nodes(plan[0]["Plan"]):
        if "Index Name" in node:
            found.indexes.add(node["Index Name"])
            if "Index Cond" not in node:
                found.read_whole.add(node["Index Name"])
        elif node["Node Type"] == "Seq Scan":
            found.read_whole.add(node["Relation Name"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)
