"""What an app asks for, in its order, each as if it had come alone: decided and done in one transaction.

Whether a record of an app is new is decided by whoever holds the person's turn, so of several that send it at once one
inserts it and the others find it. The unique index would refuse a second one, whoever wrote it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from fit_service.rules.body_weight_entry import NewEntry, changed_entry
from fit_service.rules.client_record import RECORD_ID, ClientRecord
from fit_service.rules.entry_batch import AnyOperation, EntryChange, EntryDeletion
from fit_service.rules.entry_matching import Candidate, EntryWarning, Oddity
from fit_service.rules.insertion import Outcome
from fit_service.rules.refusals import (
    ChangedMeanwhileError,
    DeletedRecordError,
    InvalidValueError,
    NoSuchEntryError,
    RefusedError,
)
from fit_service.storage.entry_changes import EntryChanges


def perform(
    changes: EntryChanges, operations: Sequence[AnyOperation], *, merge_twins: bool
) -> list[Outcome | RefusedError]:
    """Insert, change and delete entries; what can't be done is refused, and changes nothing.

    What is new, and not the same record, is inserted together, up to the next operation that is of another kind.
    """
    known = changes.known_records({each.record.id for each in operations if isinstance(each, NewEntry) and each.record})
    performed: list[Outcome | RefusedError] = []
    fresh: list[NewEntry] = []

    def insert_fresh() -> None:
        if fresh:
            performed.extend(_inserted(changes, fresh, merge_twins=merge_twins))
            fresh.clear()

    for each in operations:
        record = each.record if isinstance(each, NewEntry) else None
        if isinstance(each, NewEntry) and (record is None or record.id not in known):
            fresh.append(each)
            known |= {record.id} if record else set()
        else:
            insert_fresh()
            performed.append(_performed(changes, each, record, merge_twins=merge_twins))
    insert_fresh()
    return performed


def _performed(
    changes: EntryChanges, operation: AnyOperation, record: ClientRecord | None, *, merge_twins: bool
) -> Outcome | RefusedError:
    try:
        if isinstance(operation, EntryChange):
            return _changed(changes, operation)
        if isinstance(operation, EntryDeletion):
            return _deleted(changes, operation)
        assert record is not None
        return _upserted(changes, operation, record, merge_twins=merge_twins)
    except (InvalidValueError, ChangedMeanwhileError, NoSuchEntryError, DeletedRecordError) as refusal:
        return refusal


def _upserted(changes: EntryChanges, entry: NewEntry, record: ClientRecord, *, merge_twins: bool) -> Outcome:
    stored = changes.take_record(record.id)
    if stored is None:
        deleted = changes.deleted_version(record.id)
        if deleted is not None and record.version <= deleted:
            raise DeletedRecordError(deleted)
        [outcome] = _inserted(changes, [entry], merge_twins=merge_twins)
        return outcome
    assert stored.record is not None
    if record.version > stored.record.version:
        return Outcome(stored=changes.replace(stored, entry))
    is_repetition = record == stored.record and entry.says_the_same_as(stored)
    return Outcome(stored=stored, warnings=() if is_repetition else [EntryWarning(Oddity.NOT_NEWER, stored)])


def _changed(changes: EntryChanges, change: EntryChange) -> Outcome:
    stored = changes.take(change.id)
    if stored is None:
        raise NoSuchEntryError("id")
    changed = changed_entry(stored, change.members, datetime.now(UTC), changes.client_id)
    return Outcome(stored=changes.replace(stored, changed))


def _deleted(changes: EntryChanges, deletion: EntryDeletion) -> Outcome:
    take = changes.take_record if deletion.named_by == RECORD_ID else changes.take
    stored = take(deletion.name)
    if stored is None:
        raise NoSuchEntryError(deletion.named_by)
    if deletion.version not in (None, stored.version):
        raise ChangedMeanwhileError("version")
    changes.delete(stored)
    return Outcome(deleted=True)


def _inserted(changes: EntryChanges, entries: Sequence[NewEntry], *, merge_twins: bool) -> list[Outcome]:
    candidates = [Candidate(entry) for entry in entries]
    return changes.insert_candidates(candidates, find_same=False, merge_twins=merge_twins)
