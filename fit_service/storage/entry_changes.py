"""The one place through which every change of an entry passes: numbered, in turn, with a tombstone where one is due.

Whoever changes a person's entries first takes the next number and holds the person's counter until the commit. So the
numbers are committed in their order: whoever has seen a change can't be missing an earlier one.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from fit_service.models import BodyWeight, ChangeCounter, DeletedEntry, to_microseconds
from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.insertion import Outcome, plan_insertion
from fit_service.rules.webhooks.events import CREATED, DELETED, UPDATED
from fit_service.storage.change_marks import ChangeMarks
from fit_service.storage.database_epoch import EPOCH, IS_BEHIND, DatabaseBehindError
from fit_service.storage.entry_rows import Writer, record_values, to_entry, to_values
from fit_service.storage.staged_imports import StagedImport
from fit_service.storage.surroundings import in_portions, surroundings
from fit_service.storage.webhook_events import tell_of_entries
from shared.service.sql_database import upsert

TOMBSTONE_LIFETIME = timedelta(days=90)
"""How long an app may wait between two reads of what changed before it has to begin again."""
_AT_ONCE = 500
"""Rows in one statement."""

_log = logging.getLogger(__name__)


class EntryChanges:
    """What one transaction changes of one person's entries.

    Everything here raises DatabaseBehindError if the database lacks changes that `marks` knows of.
    """

    def __init__(self, session: Session, writer: Writer, marks: ChangeMarks | None = None) -> None:
        self._session = session
        self._subject, self._writer = writer.subject, writer
        self.client_id = writer.client_id
        """The app; None: an operator."""
        self._marks = marks
        self._is_checked = False
        self._to_tell: dict[str, list[str]] = {CREATED: [], UPDATED: [], DELETED: []}
        self.reached: int | None = None
        """The last number that this transaction took."""

    def are_the_first(self) -> bool:
        """Whether this person never had an entry. Until the commit nobody else can insert one."""
        epoch: int = self._session.execute(select(EPOCH)).scalar_one()
        return self._take_numbers(0).stop == epoch + 1

    def insert(self, entries: Sequence[NewEntry]) -> list[BodyWeightEntry]:
        """Store entries under new ids."""
        stored = self._writer.with_new_ids(entries, self._take_numbers(len(entries)), datetime.now(UTC))
        if stored:
            self._session.execute(insert(BodyWeight), list(map(to_values, stored)))
            self._note(CREATED, *stored)
        return stored

    def insert_candidates(
        self, candidates: Sequence[Candidate], *, find_same: bool, merge_twins: bool
    ) -> list[Outcome]:
        """Store those that aren't there yet and, with `merge_twins`, are no likely twins; one outcome for each."""
        self._take_numbers(0)
        around = surroundings(self._session, self._subject, candidates)
        plan = plan_insertion(candidates, around, find_same=find_same, merge_twins=merge_twins)
        return plan.outcomes([entry for portion in in_portions(plan.fresh, _AT_ONCE) for entry in self.insert(portion)])

    def insert_staged(self, staged: StagedImport) -> list[Outcome]:
        """Let everybody see what was laid down; one outcome for each candidate.

        If somebody changed this person's entries since they were read for it, all is looked at again here.
        """
        if self._take_numbers(0).start != staged.first_number:
            return self.insert_candidates(staged.candidates, find_same=True, merge_twins=staged.merge_twins)
        if staged.entries:
            self._take_numbers(len(staged.entries))
            self._session.execute(staged.becomes_visible())
            self._note(CREATED, *staged.entries)
        return staged.plan.outcomes(staged.entries)

    def take(self, entry_id: str) -> BodyWeightEntry | None:
        """One entry as it is now, which until the commit nobody else can change."""
        self._take_numbers(0)
        row = self._session.scalar(select(BodyWeight).where(*self._is(entry_id)))
        return to_entry(row) if row else None

    def take_record(self, record_id: str) -> BodyWeightEntry | None:
        """The entry that the writer's app calls so, likewise."""
        self._take_numbers(0)
        row = self._session.scalar(select(BodyWeight).where(*self._are_records(BodyWeight, [record_id])))
        return to_entry(row) if row else None

    def deleted_version(self, record_id: str) -> int | None:
        """The version of the writer's record that was deleted last, as far as that is remembered."""
        version = func.max(DeletedEntry.client_record_version)
        return self._session.scalar(select(version).where(*self._are_records(DeletedEntry, [record_id])))

    def known_records(self, record_ids: Collection[str]) -> set[str]:
        """Which of these ids of the writer's app are those of entries, or were. Until the commit it stays so."""
        self._take_numbers(0)
        return {
            found
            for some in in_portions(sorted(record_ids), _AT_ONCE)
            for table in (BodyWeight, DeletedEntry)
            for found in self._session.scalars(select(table.client_record_id).where(*self._are_records(table, some)))
            if found is not None
        }

    def replace(self, taken: BodyWeightEntry, entry: NewEntry) -> BodyWeightEntry:
        """Overwrite an entry that was taken. If nothing differs, that is no change: two apps would echo for ever.

        If only its app's own version differs, that takes a number, but leaves the entry with its own: what this app is
        shown is another, and nobody else is told.
        """
        if entry.says_the_same_as(taken):
            return taken if entry.record == taken.record else self._renamed(taken, entry)
        [number] = self._take_numbers(1)
        stored = self._writer.entry(entry, taken.id, number, taken.stored_at, datetime.now(UTC))
        self._session.execute(update(BodyWeight).where(*self._is(taken.id)).values(to_values(stored)))
        self._note(UPDATED, stored)
        return stored

    def delete(self, taken: BodyWeightEntry) -> None:
        """Remove an entry that was taken."""
        [number] = self._take_numbers(1)
        now = datetime.now(UTC)
        self._session.execute(delete(BodyWeight).where(*self._is(taken.id)))
        self._session.add(
            DeletedEntry(
                subject=self._subject,
                change=number,
                id=taken.id,
                deleted_at=to_microseconds(now),
                changed_by=self._writer.client_id,
                **record_values(taken.record),
            )
        )
        self._note(DELETED, taken)
        self.forget_tombstones(now - TOMBSTONE_LIFETIME)

    def forget_tombstones(self, before: datetime) -> None:
        """Remove this person's tombstones that are older, and note how far back changes are no longer known."""
        old = (DeletedEntry.subject == self._subject, DeletedEntry.deleted_at < to_microseconds(before))
        last = self._session.scalar(select(func.max(DeletedEntry.change)).where(*old))
        if last is not None:
            self._session.execute(delete(DeletedEntry).where(*old))
            counter = update(ChangeCounter).where(ChangeCounter.subject == self._subject)
            self._session.execute(counter.values(forgotten=last))

    def _take_numbers(self, count: int) -> range:
        """The next numbers, and with them this person's turn: others wait here until we commit or give up."""
        counter = upsert(self._session, ChangeCounter)
        first = {"subject": self._subject, "last_change": EPOCH + count, "forgotten": EPOCH}
        taken = counter.values(first).on_conflict_do_update(
            index_elements=["subject"], set_={"last_change": ChangeCounter.last_change + count}
        )
        last, is_behind = self._session.execute(taken.returning(ChangeCounter.last_change, IS_BEHIND)).one()
        if not self._is_checked:
            self._check(last - count, is_behind=is_behind)
        if count:
            self.reached = last
        return range(last - count + 1, last + 1)

    def _check(self, last_change: int, *, is_behind: bool) -> None:
        if is_behind:
            raise DatabaseBehindError
        if self._marks is not None and self._marks.reached(self._subject) > last_change:
            _log.critical(
                "the database lacks changes: was a backup restored? Run `database restored`, see operations.md"
            )
            raise DatabaseBehindError
        self._is_checked = True

    def tell_webhooks(self) -> None:
        """Of all that was changed, the last thing before the commit: one event for each kind of change."""
        for kind, ids in self._to_tell.items():
            if ids:
                tell_of_entries(self._session, self._writer, kind, ids, datetime.now(UTC))

    def _renamed(self, taken: BodyWeightEntry, entry: NewEntry) -> BodyWeightEntry:
        self._take_numbers(1)
        values = record_values(entry.record)
        self._session.execute(update(BodyWeight).where(*self._is(taken.id)).values(values))
        return replace(taken, record=entry.record)

    def _note(self, kind: str, *entries: BodyWeightEntry) -> None:
        self._to_tell[kind] += (entry.id for entry in entries)

    def _are_records(
        self, table: type[BodyWeight | DeletedEntry], record_ids: Sequence[str]
    ) -> tuple[ColumnElement[bool], ...]:
        of_the_app = table.subject == self._subject, table.client_id == self._writer.client_id
        return *of_the_app, table.client_record_id.in_(record_ids)

    def _is(self, entry_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return BodyWeight.subject == self._subject, BodyWeight.id == entry_id
