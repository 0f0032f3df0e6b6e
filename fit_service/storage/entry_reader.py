"""Reads one person's entries, by way of an index whatever is asked for. Changes are `entry_changes.py`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select, tuple_
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight, ChangeCounter, DeletedEntry
from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.client_record import ClientRecord
from fit_service.rules.local_days import LocalDays
from fit_service.rules.summary import DayTotal
from fit_service.storage.database_epoch import EPOCH
from fit_service.storage.day_totals import day_totals
from fit_service.storage.entry_rows import to_entry, to_record

ENTRIES = select(*BodyWeight.__table__.c).where(BodyWeight.subject == bindparam("subject"))
ENTRY = ENTRIES.where(BodyWeight.id == bindparam("id"))
LATEST = ENTRIES.order_by(BodyWeight.created_at.desc(), BodyWeight.change.desc()).limit(1)
"""Of several at that instant it is the one stored last."""

Position = tuple[int, str]
"""A page ended there: at the last entry's instant in microseconds, and its id."""


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


@dataclass(frozen=True, slots=True)
class Tombstone:
    """It stands for an entry that is gone."""

    id: str
    change: int
    record: ClientRecord | None = None

    def to_json(self, _unit: str | None = None, client_id: str | None = None) -> dict[str, object]:
        """Return what the API shows of it, and to the app `client_id` what it called it."""
        return {"id": self.id, "deleted": True, **(self.record.to_json(client_id) if self.record else {})}


@dataclass(frozen=True, slots=True)
class Counter:
    """It counts the changes of a person's entries, and says up to which of them tombstones were removed for age."""

    last_change: int = 0
    forgotten: int = 0


class EntryReader:
    """It reads one person's entries as they are at one moment."""

    def __init__(self, session: Session, subject: str) -> None:
        self._session = session
        self._subject = subject

    def counter(self) -> Counter:
        """Return the counter: anything that is shown of a person stays the same while it does."""
        row = self._session.get(ChangeCounter, self._subject)
        if row is not None:
            return Counter(row.last_change, row.forgotten)
        epoch = self._session.execute(select(EPOCH)).scalar_one()
        return Counter(epoch, epoch)

    def find(self, entry_id: str) -> BodyWeightEntry | None:
        """Return the entry of this id."""
        row = self._session.execute(ENTRY, {"subject": self._subject, "id": entry_id}).first()
        return to_entry(row) if row else None

    def earliest(self) -> BodyWeightEntry | None:
        """Return the entry of the earliest instant."""
        entries, _ = self.page(Page(limit=1))
        return entries[0] if entries else None

    def latest(self, before: datetime | None = None) -> BodyWeightEntry | None:
        """Return the entry of the latest instant, or of the latest before one; of several, the one stored last."""
        query = LATEST if before is None else LATEST.where(BodyWeight.created_at < to_microseconds(before))
        row = self._session.execute(query, {"subject": self._subject}).first()
        return to_entry(row) if row else None

    def page(self, page: Page) -> tuple[list[BodyWeightEntry], Position | None]:
        """Return a page of entries by instant and id, and where the next one begins; None after the last."""
        position = (BodyWeight.created_at, BodyWeight.id)
        query = self._entries()
        if page.start is not None:
            query = query.where(BodyWeight.created_at >= to_microseconds(page.start))
        if page.end is not None:
            query = query.where(BodyWeight.created_at < to_microseconds(page.end))
        if page.record is not None:
            client_id, record_id = page.record
            query = query.where(BodyWeight.client_id == client_id, BodyWeight.client_record_id == record_id)
        if page.after is not None:
            here = tuple_(*position)
            query = query.where(here < page.after if page.descending else here > page.after)
        query = query.order_by(*(column.desc() if page.descending else column.asc() for column in position))
        rows = self._session.execute(query.limit(page.limit + 1)).all()
        shown = rows[: page.limit]
        more = len(rows) > page.limit
        return [to_entry(row) for row in shown], (shown[-1].created_at, shown[-1].id) if more else None

    def changes_after(
        self, change: int, deletions: int, limit: int, but_by: str | None = None
    ) -> tuple[list[BodyWeightEntry | Tombstone], bool]:
        """Return entries changed after `change` and tombstones after `deletions`, by number; and whether there is more.

        Those whose last change was made by the client `but_by` are left out.
        """
        living = self._entries().where(BodyWeight.change > change).order_by(BodyWeight.change)
        deleted = select(DeletedEntry).where(DeletedEntry.subject == self._subject, DeletedEntry.change > deletions)
        if but_by is not None:
            living = living.where(func.coalesce(BodyWeight.changed_by, "") != but_by)
            deleted = deleted.where(func.coalesce(DeletedEntry.changed_by, "") != but_by)
        entries = [to_entry(row) for row in self._session.execute(living.limit(limit + 1))]
        tombstones = [
            Tombstone(row.id, row.change, to_record(row))
            for row in self._session.scalars(deleted.order_by(DeletedEntry.change).limit(limit + 1))
        ]
        changes: list[BodyWeightEntry | Tombstone] = [*entries, *tombstones]
        changes.sort(key=lambda each: each.change)
        return changes[:limit], len(changes) > limit

    def day_totals(self, days: LocalDays) -> list[DayTotal]:
        """Return what the entries of each of these days add up to; days without entries are left out."""
        return day_totals(self._session, self._subject, days)

    def _entries(self) -> Select[Any]:
        return select(*BodyWeight.__table__.c).where(BodyWeight.subject == self._subject)
