"""An app's own ids of records in the store: one entry each, whoever sends it, at once too."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert as insert_row
from sqlalchemy.exc import IntegrityError

from fit_service.models.entries import BodyWeight
from fit_service.rules.insertion import Outcome
from fit_service.rules.refusals import DeletedRecordError
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.entry_rows import to_values
from tests.fit_storage.entries import Mirror, delete, of_record, send
from tests.fit_storage.hooks import Hooks
from tests.fit_storage.test_entry_changes import all_entries, persistently


def stored(store: BodyWeightStore, record_id: str, version: int = 0, amount: int = 80) -> Outcome:
    [outcome] = send(store, of_record(record_id, version, amount))
    assert isinstance(outcome, Outcome)
    return outcome


def test_of_those_who_send_one_record_at_once_one_inserts_it(store: BodyWeightStore) -> None:
    barrier = threading.Barrier(5)

    def upsert(version: int) -> bool:
        barrier.wait()
        return persistently(stored, store, "a", version, 80 + version).inserted is not None

    with ThreadPoolExecutor(5) as threads:
        assert sum(threads.map(upsert, range(5))) == 1
    [entry] = all_entries(store).values()
    assert (entry.weight.text(), entry.record and entry.record.version) == ("84", 4)


def test_no_writer_whatever_gives_an_app_two_entries_for_one_record(database: Database, store: BodyWeightStore) -> None:
    inserted = stored(store, "a").inserted
    assert inserted is not None

    def insert_directly() -> None:
        with database.writing() as session:
            session.execute(insert_row(BodyWeight).values(to_values(replace(inserted, id="b"))))

    with pytest.raises(IntegrityError):
        insert_directly()


def test_a_version_that_rises_alone_takes_a_number_but_leaves_the_entry_its_own(store: BodyWeightStore) -> None:
    first = stored(store, "a").inserted
    mirror = Mirror(store)
    mirror.read_all()
    second = stored(store, "a", 1).shown
    assert first is not None
    assert second is not None
    assert (first.change, second.change, second.modified_at) == (1, 1, first.modified_at)
    with store.reading("mo") as entries:
        assert entries.counter().last_change == 2
        assert entries.changes_after(1, 1, 10) == ([], False)
    mirror.read_all()
    assert stored(store, "a", 2, 81).shown != second
    mirror.read_all()
    assert mirror.copy == all_entries(store)


def test_deleted_records_are_forgotten_with_their_tombstones(store: BodyWeightStore) -> None:
    entry = stored(store, "a", 3).inserted
    assert entry is not None
    delete(store, entry)
    [refused] = send(store, of_record("a", 3))
    assert isinstance(refused, DeletedRecordError)
    with store.changing("mo") as changes:
        changes.forget_tombstones(datetime.now(UTC) + timedelta(seconds=1))
    assert stored(store, "a").inserted is not None


def test_webhooks_are_told_once_of_each_kind_of_change(database: Database, store: BodyWeightStore) -> None:
    hooks = Hooks(database)
    hooks.register(client_id="other")
    old = stored(store, "a").inserted
    assert old is not None
    hooks.now = datetime.now(UTC)
    hooks.deliver_all()
    outcomes = send(store, of_record("b"), of_record("a", 1, 81), of_record("c"), of_record("b", 1, 82))
    hooks.now = datetime.now(UTC)
    ids = [outcome.shown.id for outcome in outcomes if isinstance(outcome, Outcome) and outcome.shown]
    told = [(event["type"], event["data"]["ids"]) for _, event in hooks.deliver_all()]
    assert told == [("body_weight.created", [ids[0], ids[2]]), ("body_weight.updated", [ids[1], ids[0]])]
