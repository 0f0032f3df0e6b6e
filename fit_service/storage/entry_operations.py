"""What an app asks for is decided and done in one transaction, in its order, each as if it had come alone.

Whether a record of an app is new is decided by whoever holds the person's turn, so of several that send it at once one
inserts it and the others find it. The unique index would refuse a second one, whoever wrote it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from fit_service.rules.body_weight_entry import NewEntry, changed_entry
from fit_service.rules.client_record import RECORD_ID, ClientRecord
from fit_service.rules.entry_batch import AnyOperation, EntryChange, EntryDeletion
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.entry_oddities import EntryWarning, Oddity
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

    What is new, whatever comes before or after it, is inserted last and together: it is compared with likely twins that
    are still there.
    """
    records = Counter(record_id for each in operations if (record_id := _record_id(each)) is not None)
    changes.read({each.id for each in operations if isinstance(each, EntryChange)} | _deleted_ids(operations), records)
    performed: dict[int, Outcome | RefusedError] = {}
    fresh: dict[int, NewEntry] = {}
    for index, each in enumerate(operations):
        if isinstance(each, NewEntry) and _is_new(changes, each, records):
            fresh[index] = each
        else:
            performed[index] = _performed(changes, each, merge_twins=merge_twins)
    if fresh:
        inserted = _inserted(changes, list(fresh.values()), merge_twins=merge_twins)
        performed |= dict(zip(fresh, inserted, strict=True))
    return [performed[index] for index in range(len(operations))]


def _record_id(operation: AnyOperation) -> str | None:
    if isinstance(operation, EntryDeletion):
        return operation.name if operation.named_by == RECORD_ID else None
    return operation.record.id if isinstance(operation, NewEntry) and operation.record else None


def _deleted_ids(operations: Iterable[AnyOperation]) -> set[str]:
    return {each.name for each in operations if isinstance(each, EntryDeletion) and each.named_by != RECORD_ID}


def _is_new(changes: EntryChanges, entry: NewEntry, records: Mapping[str, int]) -> bool:
    """Say whether it is no record that is or was there, or that another operation names."""
    if entry.record is None:
        return True
    is_there = changes.take_record(entry.record.id) or changes.deleted_version(entry.record.id) is not None
    return records[entry.record.id] == 1 and not is_there


def _performed(changes: EntryChanges, operation: AnyOperation, *, merge_twins: bool) -> Outcome | RefusedError:
    try:
        if isinstance(operation, EntryChange):
            return _changed(changes, operation)
        if isinstance(operation, EntryDeletion):
            return _deleted(changes, operation)
        assert operation.record is not None
        return _upserted(changes, operation, operation.record, merge_twins=merge_twins)
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
