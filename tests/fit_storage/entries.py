"""Short ways to make entries and to look at what is stored."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.rules.client_record import ClientRecord
from fit_service.rules.insertion import Outcome
from fit_service.rules.refusals import RefusedError
from fit_service.rules.sync_position import BEGINNING, SyncPosition
from fit_service.rules.weight import Weight
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_operations import perform
from fit_service.storage.entry_reader import Tombstone

FIRST = datetime(2026, 1, 1, 7, tzinfo=UTC)


def new(amount: int | str = 80, day: int = 0, unit: str = "kg") -> NewEntry:
    return NewEntry(Weight(Decimal(amount), unit), FIRST + timedelta(days=day))


def insert(store: BodyWeightStore, *entries: NewEntry, subject: str = "mo") -> list[BodyWeightEntry]:
    with store.changing(subject) as changes:
        return changes.insert(entries or [new()])


def change(store: BodyWeightStore, entry: BodyWeightEntry, to: NewEntry, subject: str = "mo") -> BodyWeightEntry:
    with store.changing(subject) as changes:
        taken = changes.take(entry.id)
        assert taken is not None
        return changes.replace(taken, to)


def delete(store: BodyWeightStore, entry: BodyWeightEntry, subject: str = "mo") -> None:
    with store.changing(subject) as changes:
        taken = changes.take(entry.id)
        assert taken is not None
        changes.delete(taken)


def of_record(record_id: str, version: int = 0, amount: int | str = 80, client_id: str = "app") -> NewEntry:
    """What an app sends of a record of its own."""
    return replace(new(amount), record=ClientRecord(client_id, record_id, version))


def send(store: BodyWeightStore, *entries: NewEntry, client_id: str = "app") -> list[Outcome | RefusedError]:
    with store.changing("mo", client_id) as changes:
        return perform(changes, entries, merge_twins=False)


class Mirror:
    """An app that keeps a copy of a person's entries by reading what changed."""

    def __init__(self, store: BodyWeightStore, subject: str = "mo") -> None:
        self._store = store
        self._subject = subject
        self._position = BEGINNING
        self.copy: dict[str, BodyWeightEntry] = {}
        self.buried: list[str] = []

    def read_page(self, limit: int = 100) -> bool:
        """Whether there is more."""
        with self._store.reading(self._subject) as entries:
            counter = entries.counter()
            position = SyncPosition.parse(self._position, counter.last_change)
            assert position is not None
            if not position.continues(counter.last_change, counter.forgotten):
                raise LookupError("begin again")
            changes, more = entries.changes_after(position.change, position.deletions, limit)
        self._apply(changes)
        self._position = position.after(changes[-1].change if more else counter.last_change).text()
        return more

    def read_all(self, limit: int = 100) -> None:
        while self.read_page(limit):
            pass

    def _apply(self, changes: Iterable[BodyWeightEntry | Tombstone]) -> None:
        for each in changes:
            if isinstance(each, Tombstone):
                self.copy.pop(each.id, None)
                self.buried.append(each.id)
            else:
                self.copy[each.id] = each
