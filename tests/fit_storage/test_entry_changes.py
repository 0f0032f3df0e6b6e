"""Changes are numbered in the order in which they are committed, so that reading what changed misses nothing."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

import pytest
from sqlalchemy.exc import OperationalError

from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.rules.entry_matching import Candidate
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.entry_pages import Page
from fit_service.storage.entry_reader import Counter
from tests.fit_storage.entries import Mirror, change, delete, insert, new

P, R = ParamSpec("P"), TypeVar("R")


def all_entries(store: BodyWeightStore, subject: str = "mo") -> dict[str, BodyWeightEntry]:
    with store.reading(subject) as entries:
        found, rest = entries.page(Page(limit=10_000))
    assert rest is None
    return {entry.id: entry for entry in found}


def test_each_change_has_the_next_number_of_its_person(store: BodyWeightStore) -> None:
    first, second = insert(store, new(80), new(81))
    [other] = insert(store, new(60), subject="ada")
    changed = change(store, first, new(79))
    delete(store, second)
    assert [first.change, second.change, changed.change, other.change] == [1, 2, 3, 1]
    with store.reading("mo") as entries:
        assert entries.counter() == Counter(last_change=4)


def test_a_change_that_fails_takes_no_number_and_leaves_nothing(store: BodyWeightStore) -> None:
    [entry] = insert(store)

    def fail() -> None:
        with store.changing("mo") as changes:
            changes.insert([new(1)])
            taken = changes.take(entry.id)
            assert taken is not None
            changes.delete(taken)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert all_entries(store) == {entry.id: entry}
    assert insert(store)[0].change == 2


def test_nobody_takes_anothers_entry(store: BodyWeightStore) -> None:
    [entry] = insert(store)
    with store.changing("ada") as changes:
        assert changes.take(entry.id) is None
    with store.reading("ada") as entries:
        assert entries.find(entry.id) is None
        assert entries.latest() is None
        assert entries.changes_after(0, 0, 10) == ([], False)


def test_of_two_who_take_one_entry_the_second_sees_what_the_first_made_of_it(store: BodyWeightStore) -> None:
    [entry] = insert(store)
    barrier = threading.Barrier(4)

    def add_one_kg(_: int) -> None:
        barrier.wait()
        with store.changing("mo") as changes:
            taken = changes.take(entry.id)
            assert taken is not None
            changes.replace(taken, new(str(taken.weight.amount + 1)))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add_one_kg, range(4)))
    with store.reading("mo") as entries:
        found = entries.find(entry.id)
    assert found is not None
    assert (found.weight.text(), found.change) == ("84", 5)


def import_into(changes: EntryChanges, *entries: NewEntry) -> int:
    """How many were inserted."""
    candidates = [Candidate(entry) for entry in entries]
    outcomes = changes.insert_candidates(candidates, find_same=True, merge_twins=False)
    return sum(outcome.inserted is not None for outcome in outcomes)


def test_what_is_imported_twice_at_once_is_there_once(store: BodyWeightStore) -> None:
    barrier = threading.Barrier(4)

    def import_all(_: int) -> int:
        barrier.wait()
        with store.changing("mo") as changes:
            return import_into(changes, *(new(80 + day, day) for day in range(20)))

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(import_all, range(4))) == [0, 0, 0, 20]
    assert len(all_entries(store)) == 20


def test_only_the_same_weight_in_the_same_unit_at_the_same_instant_is_there_already(store: BodyWeightStore) -> None:
    insert(store, new("80.5"))
    others = [new("80.501"), new("80.5", unit="lbs"), new("80.5", day=1)]
    with store.changing("mo") as changes:
        assert import_into(changes, new("80.50"), *others, *others) == 3


def test_an_import_of_many_portions_around_many_stored_entries_finds_them_all(store: BodyWeightStore) -> None:
    days = range(0, 1500, 2)
    insert(store, *(new(80, day) for day in days))
    with store.changing("mo") as changes:
        assert import_into(changes, *(new(80, day) for day in range(1500))) == 750
    assert len(all_entries(store)) == 1500


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_whoever_reads_what_changed_ends_up_with_what_there_is(store: BodyWeightStore, limit: int) -> None:
    mirror = Mirror(store)
    entries = insert(store, *(new(70 + day, day) for day in range(5)))
    mirror.read_all(limit)
    assert mirror.copy == all_entries(store)
    change(store, entries[0], new(99))
    delete(store, entries[1])
    insert(store, new(98, 9))
    mirror.read_all(limit)
    assert mirror.copy == all_entries(store)
    assert mirror.buried == [entries[1].id]


def test_a_first_reading_hears_nothing_of_entries_that_it_never_saw(store: BodyWeightStore) -> None:
    entries = insert(store, *(new(70, day) for day in range(4)))
    delete(store, entries[0])
    mirror = Mirror(store)
    mirror.read_page(limit=1)
    delete(store, entries[1])  # seen
    delete(store, entries[2])  # not yet seen: its tombstone is in vain, but the app can't be told apart
    mirror.read_all()
    assert mirror.copy == all_entries(store)
    assert entries[0].id not in mirror.buried


def test_all_that_is_read_together_is_as_of_one_moment(store: BodyWeightStore) -> None:
    """Else a reader could learn of a later change, and move past an earlier one that it was not shown."""
    [entry] = insert(store)
    with store.reading("mo") as entries:
        assert entries.counter() == Counter(last_change=1)
        delete(store, entry)
        insert(store, new(70))
        assert entries.changes_after(0, 0, 10) == ([entry], False)
        assert entries.latest() == entry


def persistently(write: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """On a busy machine who waits for its turn may wait in vain: the API answers 503."""
    while True:
        try:
            return write(*args, **kwargs)
        except OperationalError as refused:
            if "locked" not in str(refused) and "timeout" not in str(refused):
                raise


def test_while_many_write_no_reader_ever_misses_a_change(store: BodyWeightStore) -> None:
    """Numbers that were given out before the commit, without holding the counter, fail here: readers overtake."""
    writers, done = 3, threading.Event()

    def write(seed: int) -> None:
        choice = random.Random(seed)
        mine = []
        for day in range(25):
            mine += persistently(insert, store, new(60 + seed, day))
            if choice.random() < 0.4:
                persistently(delete, store, mine.pop(choice.randrange(len(mine))))
            elif choice.random() < 0.5:
                persistently(change, store, mine[0], new(90 + seed, day))

    mirrors = [Mirror(store) for _ in range(2)]

    def read(mirror: Mirror) -> None:
        while not done.is_set():
            mirror.read_all(limit=7)

    with ThreadPoolExecutor(writers + len(mirrors)) as threads:
        reading = [threads.submit(read, mirror) for mirror in mirrors]
        writing = [threads.submit(write, seed) for seed in range(writers)]
        try:
            for each in writing:
                each.result()
        finally:
            done.set()
        for each in reading:
            each.result()
    for mirror in mirrors:
        mirror.read_all()
        assert mirror.copy == all_entries(store)


def test_after_forgetting_tombstones_who_may_have_missed_one_begins_again(store: BodyWeightStore) -> None:
    kept, gone = insert(store, new(80), new(81, 1))
    early, late = Mirror(store), Mirror(store)
    early.read_all()
    delete(store, gone)
    late.read_all()
    with store.changing("mo") as changes:
        changes.forget_tombstones(datetime.now(UTC) + timedelta(seconds=1))
    with pytest.raises(LookupError):
        early.read_page()
    late.read_all()
    fresh = Mirror(store)
    fresh.read_all()
    fresh.read_all()
    assert late.copy == fresh.copy == {kept.id: kept}


def test_young_tombstones_are_kept(store: BodyWeightStore) -> None:
    kept, gone = insert(store, new(80), new(81, 1))
    mirror = Mirror(store)
    mirror.read_all()
    delete(store, gone)
    with store.changing("mo") as changes:
        changes.forget_tombstones(datetime.now(UTC) - timedelta(days=1))
    mirror.read_all()
    assert mirror.copy == {kept.id: kept}


def test_after_a_restored_backup_a_position_from_the_future_begins_again(store: BodyWeightStore) -> None:
    insert(store, *(new(80, day) for day in range(5)))
    mirror = Mirror(store)
    mirror.read_all()
    restored = Mirror(store, "ada")
    restored._position = mirror._position
    insert(store, subject="ada")
    with pytest.raises(LookupError):
        restored.read_page()
