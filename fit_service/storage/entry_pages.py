"""Pages of one person's entries, by instant and id: which there are, and how they are asked for."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, String, bindparam, func, select, tuple_

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight, ChangeCounter
from fit_service.storage.database import Database
from fit_service.storage.database_epoch import EPOCH
from fit_service.storage.entry_rows import ENTRIES

Position = tuple[int, str]
"""A page ended there: at the last entry's instant in microseconds, and its id."""
Rows = Sequence[Sequence[Any]]

_COUNTED = select(ChangeCounter.last_change).where(ChangeCounter.subject == bindparam("subject"))
_LAST_CHANGE = func.coalesce(_COUNTED.scalar_subquery(), EPOCH).label("last_change")


@dataclass(frozen=True, slots=True)
class Page:
    """It says which of a person's entries are asked for."""

    limit: int
    descending: bool = False
    start: datetime | None = None
    """Entries from this instant on are asked for."""
    end: datetime | None = None
    """Entries before this instant are asked for."""
    after: Position | None = None
    record: tuple[str, str] | None = None
    """It is an app, and its id of the only entry that is asked for."""

    def parameters(self) -> dict[str, str | int]:
        """Return what its query is asked with, beside the person: one row more, which tells whether a page follows."""
        asked: dict[str, str | int] = {"rows": self.limit + 1}
        if self.start is not None:
            asked["start"] = to_microseconds(self.start)
        if self.end is not None:
            asked["end"] = to_microseconds(self.end)
        if self.after is not None:
            asked["instant"], asked["id"] = self.after
        if self.record is not None:
            asked["client_id"], asked["record_id"] = self.record
        return asked

    def cut(self, rows: Rows) -> tuple[Rows, Position | None]:
        """Return the rows of its entries, and where the next page begins; None after the last."""
        shown = rows[: self.limit]
        return shown, (shown[-1][_INSTANT], shown[-1][_ID]) if len(rows) > self.limit else None


_ID, _INSTANT = (list(ENTRIES.selected_columns.keys()).index(name) for name in ("id", "created_at"))


@functools.cache
def page_query(given: frozenset[str], *, descending: bool) -> Select[*tuple[Any, ...]]:
    """Return the query of the pages whose parameters have these names."""
    place = (BodyWeight.created_at, BodyWeight.id)
    query = ENTRIES.order_by(*(column.desc() if descending else column.asc() for column in place))
    if "start" in given:
        query = query.where(BodyWeight.created_at >= bindparam("start"))
    if "end" in given:
        query = query.where(BodyWeight.created_at < bindparam("end"))
    if "record_id" in given:
        mine = BodyWeight.client_id == bindparam("client_id")
        query = query.where(mine, BodyWeight.client_record_id == bindparam("record_id"))
    if "instant" in given:
        here, there = tuple_(*place), tuple_(bindparam("instant", type_=BigInteger), bindparam("id", type_=String))
        query = query.where(here < there if descending else here > there)
    return query.limit(bindparam("rows"))


class EntryPages:
    """It reads a page and the number of the last change in one statement, and so as of one moment."""

    def __init__(self, database: Database) -> None:
        self._question = functools.cache(
            lambda given, descending: database.question(
                page_query(given, descending=descending).add_columns(_LAST_CHANGE)
            )
        )
        self._last_change = database.question(select(_LAST_CHANGE))

    def last_change(self, subject: str) -> int:
        """Return the number of a person's last change: what is shown of them stays the same while it does."""
        number: int = self._last_change.ask(subject=subject).last_change
        return number

    def rows(self, subject: str, page: Page) -> Rows:
        """Return the rows that `page` cuts, each with the number of the last change behind its columns."""
        asked = page.parameters()
        return self._question(frozenset(asked), page.descending).rows(subject=subject, **asked)
