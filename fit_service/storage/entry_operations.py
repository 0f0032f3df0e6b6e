"""What an app asks for, in its order, each as if it had come alone: decided and done in one transaction.

Whether a record of an app is new is decided by whoever holds the person's turn, so of several that send it at once one
inserts it and the others find it. The unique index would refuse a second one, whoever wrote it.
"""

from collections.abc import Sequence

from fit_service.rules.body_weight_entry import NewEntry
from fit_service.rules.client_record import ClientRecord
from fit_service.rules.entry_matching import Candidate, EntryWarning, Oddity
from fit_service.rules.insertion import Outcome
from fit_service.rules.refusals import DeletedRecordError, RefusedError
from fit_service.storage.entry_changes import EntryChanges


def perform(changes: EntryChanges, entries: Sequence[NewEntry], *, merge_twins: bool) -> list[Outcome | RefusedError]:
    """Store entries; those of an app's record that is known already take the place of its entry.

    What can't be done is its refusal. New ones that follow each other are inserted together.
    """
    known = changes.known_records({entry.record.id for entry in entries if entry.record})
    performed: list[Outcome | RefusedError] = []
    fresh: list[NewEntry] = []

    def insert_fresh() -> None:
        if fresh:
            performed.extend(_inserted(changes, fresh, merge_twins=merge_twins))
            fresh.clear()

    for entry in entries:
        if entry.record is None:
            fresh.append(entry)
        elif entry.record.id not in known:
            fresh.append(entry)
            known.add(entry.record.id)
        else:
            insert_fresh()
            performed.append(_upserted(changes, entry, entry.record, merge_twins=merge_twins))
    insert_fresh()
    return performed


def _upserted(
    changes: EntryChanges, entry: NewEntry, record: ClientRecord, *, merge_twins: bool
) -> Outcome | RefusedError:
    stored = changes.take_record(record.id)
    if stored is None:
        deleted = changes.deleted_version(record.id)
        if deleted is not None and record.version <= deleted:
            return DeletedRecordError(deleted)
        [outcome] = _inserted(changes, [entry], merge_twins=merge_twins)
        return outcome
    assert stored.record is not None
    if record.version > stored.record.version:
        return Outcome(record_of=changes.replace(stored, entry))
    is_repetition = record == stored.record and entry.says_the_same_as(stored)
    return Outcome(record_of=stored, warnings=() if is_repetition else [EntryWarning(Oddity.NOT_NEWER, stored)])


def _inserted(changes: EntryChanges, entries: Sequence[NewEntry], *, merge_twins: bool) -> list[Outcome]:
    candidates = [Candidate(entry) for entry in entries]
    return changes.insert_candidates(candidates, find_same=False, merge_twins=merge_twins)
