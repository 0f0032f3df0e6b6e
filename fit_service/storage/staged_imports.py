"""Imports of any length keep nobody waiting: what they store is laid down in portions where nobody sees it.

To read, compare and write takes a large import half a second, in which on SQLite nobody else could write, and on
PostgreSQL nobody else for the same person. So all of that comes first, with the numbers that its changes will have if
nobody changes this person's entries meanwhile. Then one short transaction takes exactly these numbers and copies the
rows: entries, numbers and webhook events become visible together, in the order in which others take theirs.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Insert, delete, insert, select

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight, StagedEntry
from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.insertion import InsertionPlan, plan_insertion
from fit_service.storage.database import Database
from fit_service.storage.entry_reader import EntryReader
from fit_service.storage.entry_rows import Writer, to_values
from fit_service.storage.surroundings import in_portions, surroundings
from shared.service.sql_engine import SQL_OUTAGES

AT_ONCE = 1_000
"""One transaction writes so many rows."""
_ABANDONED_AFTER = timedelta(hours=1)
"""Nobody comes back for what is left of an import after that."""


@dataclass(frozen=True, slots=True)
class StagedImport:
    """It is an import that nobody sees yet."""

    id: str
    candidates: Sequence[Candidate]
    merge_twins: bool
    plan: InsertionPlan
    first_number: int
    """Its changes have numbers from this one on, if nobody else makes a change before."""
    entries: Sequence[BodyWeightEntry]
    """They are as they are stored then."""

    def becomes_visible(self) -> Insert:
        """Return the statement that copies the rows."""
        names = [column.name for column in BodyWeight.__table__.c]
        laid_down = select(*(StagedEntry.__table__.c[name] for name in names)).where(StagedEntry.import_id == self.id)
        return insert(BodyWeight).from_select(names, laid_down)


@contextmanager
def staged_import(
    database: Database, writer: Writer, candidates: Sequence[Candidate], *, merge_twins: bool
) -> Iterator[StagedImport]:
    """Lay down what of these isn't there yet; it is taken away again when the block ends."""
    with database.reading() as session:
        first_number = EntryReader(session, writer.subject).counter().last_change + 1
        around = surroundings(session, writer.subject, candidates)
    plan, now = plan_insertion(candidates, around, find_same=True, merge_twins=merge_twins), datetime.now(UTC)
    numbers = range(first_number, first_number + len(plan.fresh))
    entries = writer.with_new_ids(plan.fresh, numbers, now)
    staged = StagedImport(_import_id(now), candidates, merge_twins, plan, first_number, entries)
    try:
        for portion in in_portions(entries, AT_ONCE):
            with database.writing() as session:
                session.execute(
                    insert(StagedEntry), [{**to_values(entry), "import_id": staged.id} for entry in portion]
                )
        yield staged
    finally:
        with suppress(*SQL_OUTAGES):  # then somebody else takes it away
            _take_away(database, StagedEntry.import_id == staged.id)
            _take_away(database, StagedEntry.import_id < _import_id(now - _ABANDONED_AFTER))


def _import_id(now: datetime) -> str:
    return f"{to_microseconds(now):016x}{secrets.token_hex(8)}"


def _take_away(database: Database, *which: ColumnElement[bool]) -> None:
    with database.reading() as session:
        ids = session.scalars(select(StagedEntry.id).where(*which)).all()
    for portion in in_portions(ids, AT_ONCE):
        with database.writing() as session:
            session.execute(delete(StagedEntry).where(StagedEntry.id.in_(portion)))
