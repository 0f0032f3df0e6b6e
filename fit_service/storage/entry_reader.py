"""Reads one person's entries, by way of an index whatever is asked for. Changes are `entry_changes.py`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight, ChangeCounter, DeletedEntry
from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.client_record import ClientRecord
from fit_service.rules.local_days import LocalDays
from fit_service.rules.summary import DayTotal
from fit_service.storage.database_epoch import EPOCH
from fit_service.storage.day_totals import day_totals
from fit_service.storage.entry_pages import Page, Position, Rows, page_query
from fit_service.storage.entry_rows import ENTRIES, ENTRY_COLUMNS, to_entry

_COUNTER = select(ChangeCounter.last_change, ChangeCounter.forgotten).where(
    ChangeCounter.subject == bindparam("subject")
)
ENTRY = ENTRIES.where(BodyWeight.id == bindparam("id"))
LATEST = ENTRIES.order_by(BodyWeight.created_at.desc(), BodyWeight.change.desc()).limit(1)
"""Of several at that instant it is the one stored last."""


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
        row = self._session.connection().execute(_COUNTER, {"subject": self._subject}).first()
        if row is not None:
            return Counter(*row)
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
        rows, position = self.rows(page)
        return [to_entry(row) for row in rows], position

    def rows(self, page: Page) -> tuple[Rows, Position | None]:
        """Return the rows of a page instead of its entries."""
        asked = page.parameters()
        query = page_query(frozenset(asked), descending=page.descending)
        return page.cut(self._session.connection().execute(query, {"subject": self._subject, **asked}).all())

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
            Tombstone(row.id, row.change, _record_of(row))
            for row in self._session.scalars(deleted.order_by(DeletedEntry.change).limit(limit + 1))
        ]
        changes: list[BodyWeightEntry | Tombstone] = [*entries, *tombstones]
        changes.sort(key=lambda each: each.change)
        return changes[:limit], len(changes) > limit

    def day_totals(self, days: LocalDays) -> list[DayTotal]:
        """Return what the entries of each of these days add up to; days without entries are left out."""
        return day_totals(self._session, self._subject, days)

    def _entries(self) -> Select[Any]:
        return select(*ENTRY_COLUMNS).where(BodyWeight.subject == self._subject)


def _record_of(deleted: DeletedEntry) -> ClientRecord | None:
    if deleted.client_id is None or deleted.client_record_id is None or deleted.client_record_version is None:
        return None
    return ClientRecord(deleted.client_id, deleted.client_record_id, deleted.client_record_version)
