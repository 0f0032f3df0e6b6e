"""What may be many is read, and told to Redis, in portions.

A cursor over all rows would hold one transaction, and with SQLite the log of all writes, for as long as the reader
takes: an operator who reads a list page by page, or a Redis that is slow. So each portion of rows is a transaction of
its own, which begins where the one before ended.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.models.base import Base
from auth_service.storage.database import Database

AT_ONCE = 500
"""A portion has so many rows, or questions to Redis."""

T = TypeVar("T")


def in_portions(
    database: Database,
    table: type[Base],
    *conditions: ColumnElement[bool],
    by: tuple[InstrumentedAttribute[Any], ...],
    after: str | None = None,
    descending: bool = False,
) -> Iterator[list[Any]]:
    """Rows of the table, ordered `by` columns that together are unique and never change. A row that comes while they
    are read is seen if it belongs behind those that were; no row is seen twice. They begin behind the one whose first
    column is `after`.
    """
    order = [column.desc() for column in by] if descending else by
    query = select(table).where(*conditions).order_by(*order).limit(AT_ONCE)
    rest: tuple[ColumnElement[bool], ...] = () if after is None else (by[0] > after,)
    while True:
        with database.reading() as session:
            portion = list(session.scalars(query.where(*rest)))
        if portion:
            yield portion
        if len(portion) < AT_ONCE:
            return
        last = tuple_(*(literal(getattr(portion[-1], column.key), column.type) for column in by))
        rest = (tuple_(*by) < last if descending else tuple_(*by) > last,)


def portions_of(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return the items, so many at a time."""
    for begin in range(0, len(items), AT_ONCE):
        yield items[begin : begin + AT_ONCE]
