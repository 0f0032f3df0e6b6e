"""Body weights in SQL. Every question names the person, so nobody's entry can be reached in another's name."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, select, tuple_

from fit_service.body_weight_entry import BodyWeightEntry, NewEntry, Weight
from fit_service.models import BodyWeight, to_microseconds
from fit_service.storage.database import Database

Position = tuple[int, str]
"""Where a page ended: the last entry's instant in microseconds, and its id."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which of a person's entries are asked for."""

    limit: int
    descending: bool = False
    start: datetime | None = None
    """From this instant on."""
    end: datetime | None = None
    """Before this instant."""
    after: Position | None = None


class BodyWeightStore:
    """Reads and writes entries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, subject: str, entry: NewEntry) -> BodyWeightEntry:
        """Store an entry under a new id."""
        stored = BodyWeightEntry(entry.weight, entry.created_at, secrets.token_hex(12))
        with self._database.writing() as session:
            session.add(_row(subject, stored))
        return stored

    def find(self, subject: str, entry_id: str) -> BodyWeightEntry | None:
        """One entry of this person."""
        with self._database.reading() as session:
            row = session.scalar(select(BodyWeight).where(BodyWeight.subject == subject, BodyWeight.id == entry_id))
        return _entry(row) if row else None

    def page(self, subject: str, page: Page) -> tuple[list[BodyWeightEntry], Position | None]:
        """A page of entries by instant and id, and where the next one begins; None after the last."""
        position = (BodyWeight.created_at, BodyWeight.id)
        query = select(BodyWeight).where(BodyWeight.subject == subject)
        if page.start is not None:
            query = query.where(BodyWeight.created_at >= to_microseconds(page.start))
        if page.end is not None:
            query = query.where(BodyWeight.created_at < to_microseconds(page.end))
        if page.after is not None:
            here = tuple_(*position)
            query = query.where(here < page.after if page.descending else here > page.after)
        query = query.order_by(*(column.desc() if page.descending else column.asc() for column in position))
        with self._database.reading() as session:
            rows = list(session.scalars(query.limit(page.limit + 1)))
        shown = rows[: page.limit]
        more = len(rows) > page.limit
        return [_entry(row) for row in shown], (shown[-1].created_at, shown[-1].id) if more else None

    def replace(self, subject: str, entry: BodyWeightEntry) -> bool:
        """Overwrite an entry; False if this person has none with its id."""
        with self._database.writing() as session:
            row = session.get(BodyWeight, entry.id)
            if row is None or row.subject != subject:
                return False
            session.merge(_row(subject, entry))
        return True

    def delete(self, subject: str, entry_id: str) -> bool:
        """Remove an entry; False if this person has none with this id."""
        with self._database.writing() as session:
            where = (BodyWeight.subject == subject, BodyWeight.id == entry_id)
            return bool(session.execute(delete(BodyWeight).where(*where)).rowcount)  # type: ignore[attr-defined]


def _row(subject: str, entry: BodyWeightEntry) -> BodyWeight:
    return BodyWeight(
        id=entry.id,
        subject=subject,
        amount=f"{entry.weight.amount:f}",
        unit=entry.weight.unit,
        created_at=to_microseconds(entry.created_at),
    )


def _entry(row: BodyWeight) -> BodyWeightEntry:
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row.created_at)
    return BodyWeightEntry(Weight(Decimal(row.amount), row.unit), instant, row.id)
