"""Every change of an entry passes here: numbered, in turn, with a tombstone where one is due.

Whoever changes a person's entries first takes the person's turn, by holding their counter until the commit. So numbers
are committed in their order: whoever has seen a change can't be missing an earlier one. What is changed and deleted is
written together, before something is read that depends on it, or last.
"""

import functools
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight, ChangeCounter, DeletedEntry
from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.import_marks import client_of
from fit_service.rules.insertion import Outcome, plan_insertion
from fit_service.rules.webhooks.events import CREATED, DELETED, UPDATED
from fit_service.storage.change_marks import ChangeMarks
from fit_service.storage.database_epoch import EPOCH, IS_BEHIND, DatabaseBehindError
from fit_service.storage.entry_rows import Writer, record_values, to_values
from fit_service.storage.staged_imports import StagedImport
from fit_service.storage.surroundings import in_portions, surroundings
from fit_service.storage.taken_entries import TakenEntries
from fit_service.storage.webhook_events import tell_of_entries
from shared.service.sql_database import upsert_of
from shared.service.sql_statement import Statement

TOMBSTONE_LIFETIME = timedelta(days=90)
"""An app may wait so long between two reads of what changed before it has to begin again."""
_AT_ONCE = 500
"""One statement writes so many rows."""

_ENTRIES, _COUNTERS = (table.metadata.tables[table.__tablename__] for table in (BodyWeight, ChangeCounter))
_INSERTED = Statement(insert(_ENTRIES))
_COUNTER = update(_COUNTERS).where(_COUNTERS.c.subject == bindparam("whose"))
_REACHED = Statement(_COUNTER.values(last_change=bindparam("reached")))

_log = logging.getLogger(__name__)


class EntryChanges:
    """One transaction changes one person's entries with it. `finish` is the last thing before the commit.

    Everything here raises DatabaseBehindError if the database lacks changes that `marks` knows of.
    """

    def __init__(self, session: Session, writer: Writer, marks: ChangeMarks | None = None) -> None:
        self._session = session
        self._subject, self._writer = writer.subject, writer
        self.client_id = writer.client_id
        """This app makes the changes; None: an operator."""
        self._marks = marks
        self._taken = TakenEntries(session, writer)
        self._last_change: int | None = None
        """It is the last number that was given out; None: it is not this transaction's turn yet."""
        self._to_update: dict[str, BodyWeightEntry] = {}
        self._to_delete: dict[str, dict[str, object]] = {}
        self._to_tell: dict[str, list[str]] = {CREATED: [], UPDATED: [], DELETED: []}
        self.reached: int | None = None
        """It is the last number that this transaction took."""

    def are_the_first(self) -> bool:
        """Say whether this person never had an entry. Until the commit nobody else can insert one."""
        epoch: int = self._session.execute(select(EPOCH)).scalar_one()
        return self._take_turn() == epoch

    def insert(self, entries: Sequence[NewEntry]) -> list[BodyWeightEntry]:
        """Store entries under new ids."""
        self._write()
        stored = self._writer.with_new_ids(entries, self._take_numbers(len(entries)), datetime.now(UTC))
        if len(stored) == 1:
            _INSERTED.rows(self._session.connection(), **to_values(stored[0]))
        elif stored:
            self._session.connection().execute(insert(_ENTRIES), list(map(to_values, stored)))
        self._note(CREATED, *stored)
        for entry in stored:
            self._taken.put(entry)
        return stored

    def insert_candidates(
        self, candidates: Sequence[Candidate], *, find_same: bool, merge_twins: bool
    ) -> list[Outcome]:
        """Store those that aren't there yet and, with `merge_twins`, are no likely twins; one outcome for each.

        Raises NotThereError.
        """
        self._take_turn()
        self._write()
        around = surroundings(self._session, self._subject, candidates)
        plan = plan_insertion(candidates, around, find_same=find_same, merge_twins=merge_twins)
        plan.check()
        return plan.outcomes([entry for portion in in_portions(plan.fresh, _AT_ONCE) for entry in self.insert(portion)])

    def insert_staged(self, staged: StagedImport) -> list[Outcome]:
        """Let everybody see what was laid down; one outcome for each candidate.

        If somebody changed this person's entries since they were read for it, all is looked at again here. Raises
        NotThereError.
        """
        if self._take_turn() + 1 != staged.first_number:
            return self.insert_candidates(staged.candidates, find_same=True, merge_twins=staged.merge_twins)
        staged.plan.check()
        if staged.entries:
            self._take_numbers(len(staged.entries))
            self._session.execute(staged.becomes_visible())
            self._note(CREATED, *staged.entries)
        return staged.plan.outcomes(staged.entries)

    def take_back(self, import_id: str, limit: int) -> int:
        """Delete so many of the entries that this import inserted, and return how many there were.

        What was changed since belongs to whoever changed it, and stays.
        """
        self._take_turn()
        self._write()
        unchanged = BodyWeight.modified_at == BodyWeight.stored_at
        entries = self._taken.first(limit, BodyWeight.client_id == client_of(import_id), unchanged)
        for entry in entries:
            self.delete(entry)
        return len(entries)

    def read(self, ids: Collection[str], record_ids: Collection[str]) -> None:
        """Read all entries that will be taken by these ids, or by these of the writer's app, at once."""
        self._take_turn()
        self._taken.read(ids, record_ids)

    def take(self, entry_id: str) -> BodyWeightEntry | None:
        """Return one entry as it is now, which until the commit nobody else can change."""
        self._take_turn()
        return self._taken.find(entry_id)

    def take_record(self, record_id: str) -> BodyWeightEntry | None:
        """Return the entry that the writer's app calls so, which nobody else can change either."""
        self._take_turn()
        return self._taken.find_record(record_id)

    def deleted_version(self, record_id: str) -> int | None:
        """Return the version of the writer's record that was deleted last, as far as that is remembered."""
        self._take_turn()
        return self._taken.deleted_version(record_id)

    def replace(self, taken: BodyWeightEntry, entry: NewEntry) -> BodyWeightEntry:
        """Overwrite an entry that was taken. If nothing differs, that is no change: two apps would echo for ever.

        If only its app's own version differs, that takes a number, but leaves the entry with its own: what this app is
        shown is another, and nobody else is told.
        """
        if entry.says_the_same_as(taken) and entry.record == taken.record:
            return taken
        [number] = self._take_numbers(1)
        if entry.says_the_same_as(taken):
            stored = replace(taken, record=entry.record)
        else:
            stored = self._writer.entry(entry, taken.id, number, taken.stored_at, datetime.now(UTC))
            self._note(UPDATED, stored)
        self._to_update[stored.id] = stored
        self._taken.put(stored)
        return stored

    def delete(self, taken: BodyWeightEntry) -> None:
        """Remove an entry that was taken."""
        [number] = self._take_numbers(1)
        self._to_update.pop(taken.id, None)
        self._to_delete[taken.id] = {
            "subject": self._subject,
            "change": number,
            "id": taken.id,
            "deleted_at": to_microseconds(datetime.now(UTC)),
            "changed_by": self._writer.client_id,
            **record_values(taken.record),
        }
        self._note(DELETED, taken)
        self._taken.remove(taken)

    def forget_tombstones(self, before: datetime) -> None:
        """Remove this person's tombstones that are older, and note how far back changes are no longer known."""
        old = (DeletedEntry.subject == self._subject, DeletedEntry.deleted_at < to_microseconds(before))
        last = self._session.scalar(select(func.max(DeletedEntry.change)).where(*old))
        if last is not None:
            self._session.execute(delete(DeletedEntry).where(*old))
            self._session.execute(_COUNTER.values(forgotten=last), {"whose": self._subject})

    def finish(self) -> None:
        """Write what is not written yet, and tell webhooks: one event for each kind of change."""
        self._write()
        if self._to_tell[DELETED]:
            self.forget_tombstones(datetime.now(UTC) - TOMBSTONE_LIFETIME)
        if self.reached is not None:
            _REACHED.rows(self._session.connection(), whose=self._subject, reached=self.reached)
        for kind, ids in self._to_tell.items():
            if ids:
                tell_of_entries(self._session, self._writer, kind, ids, datetime.now(UTC))

    def _take_turn(self) -> int:
        """Return the last number that was given out. Others wait here until we commit or give up."""
        if self._last_change is None:
            connection = self._session.connection()
            [(last, is_behind)] = _turn(connection.dialect.name).rows(connection, subject=self._subject)
            self._check(last, is_behind=is_behind)
            self._last_change = last
        return self._last_change

    def _take_numbers(self, count: int) -> range:
        """Take the next numbers. The counter is written last, in `finish`."""
        first = self._take_turn() + 1
        self._last_change = first + count - 1
        if count:
            self.reached = self._last_change
        return range(first, first + count)

    def _check(self, last_change: int, *, is_behind: bool) -> None:
        if is_behind:
            raise DatabaseBehindError
        if self._marks is not None and self._marks.reached(self._subject) > last_change:
            _log.critical(
                "the database lacks changes: was a backup restored? Run `database restored`, see operations.md"
            )
            raise DatabaseBehindError

    def _write(self) -> None:
        """Write what was changed and deleted since the last time."""
        if self._to_update:
            values = [{"taken_id": entry.id, **to_values(entry)} for entry in self._to_update.values()]
            self._session.execute(update(_ENTRIES).where(_ENTRIES.c.id == bindparam("taken_id")), values)
        for some in in_portions(self._to_delete, _AT_ONCE):
            mine = BodyWeight.subject == self._subject
            self._session.execute(delete(BodyWeight).where(mine, BodyWeight.id.in_(some)))
        if self._to_delete:
            self._session.execute(insert(DeletedEntry), list(self._to_delete.values()))
        self._to_update, self._to_delete = {}, {}

    def _note(self, kind: str, *entries: BodyWeightEntry) -> None:
        self._to_tell[kind] += (entry.id for entry in entries)


@functools.cache
def _turn(dialect: str) -> Statement:
    """Return the statement that holds a person's counter, and makes it if there is none, for one kind of database."""
    first = {"subject": bindparam("subject"), "last_change": EPOCH, "forgotten": EPOCH}
    counter = upsert_of(dialect, ChangeCounter).values(first)
    kept = {"last_change": ChangeCounter.last_change}
    taken = counter.on_conflict_do_update(index_elements=["subject"], set_=kept)
    return Statement(taken.returning(ChangeCounter.last_change, IS_BEHIND))
