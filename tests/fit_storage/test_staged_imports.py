"""Imports keep nobody waiting: they are laid down where nobody sees them, and become visible in one short step."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from fit_service.models.entries import StagedEntry
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.insertion import Outcome
from fit_service.storage import staged_imports
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.staged_imports import AT_ONCE
from tests.fit_storage.entries import Mirror, delete, insert, new
from tests.fit_storage.hooks import Hooks
from tests.fit_storage.test_entry_changes import all_entries, persistently
from tests.support.query_plans import statements

MANY = 2 * AT_ONCE + 1


def candidates(count: int = MANY) -> list[Candidate]:
    return [Candidate(new(80, day)) for day in range(count)]


def import_all(store: BodyWeightStore, count: int = MANY, subject: str = "mo") -> list[Outcome]:
    with (
        store.staged(subject, candidates(count), merge_twins=False) as staged,
        store.changing(subject) as changes,
    ):
        return changes.insert_staged(staged)


def inserted(outcomes: list[Outcome]) -> int:
    return sum(outcome.inserted is not None for outcome in outcomes)


def laid_down(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(StagedEntry)) or 0


def test_nobody_sees_an_import_before_all_of_it_is_there_and_others_write_meanwhile(
    database: Database, store: BodyWeightStore
) -> None:
    hooks, mirror = Hooks(database), Mirror(store)
    hooks.register()
    with store.staged("mo", candidates(), merge_twins=False) as staged:
        mirror.read_all()
        [other] = insert(store, subject="ada")
        hooks.now = datetime.now(UTC)
        assert (mirror.copy, other.change, hooks.claim()) == ({}, 1, None)
        with store.changing("mo") as changes:
            outcomes = changes.insert_staged(staged)
    mirror.read_all()
    assert mirror.copy == all_entries(store)
    assert sorted(entry.change for entry in mirror.copy.values()) == list(range(1, MANY + 1))
    assert {outcome.inserted.id for outcome in outcomes if outcome.inserted} == mirror.copy.keys()
    hooks.now = datetime.now(UTC)
    told = [entry_id for _, event in hooks.deliver_all() for entry_id in event["data"]["ids"]]
    assert (len(told), {*told}) == (MANY, mirror.copy.keys())
    assert laid_down(database) == 0


def test_to_become_visible_takes_as_few_statements_for_many_entries_as_for_few(
    database: Database, store: BodyWeightStore
) -> None:
    counts = []
    for subject, count in (("mo", 1), ("ada", MANY)):
        with (
            store.staged(subject, candidates(count), merge_twins=False) as staged,
            statements(database._writing) as executed,
            store.changing(subject) as changes,
        ):
            changes.insert_staged(staged)
        counts.append(len(executed))
    assert counts[0] == counts[1] <= 5


def test_what_was_changed_while_an_import_was_laid_down_is_looked_at_again(
    database: Database, store: BodyWeightStore
) -> None:
    with store.staged("mo", candidates(3), merge_twins=False) as staged:
        [same] = insert(store, new(80, 1))
        with store.changing("mo") as changes:
            outcomes = changes.insert_staged(staged)
    assert [outcome.there for outcome in outcomes] == [False, True, False]
    entries = all_entries(store)
    assert (len(entries), entries[same.id]) == (3, same)
    assert laid_down(database) == 0


def test_of_an_import_that_fails_nothing_is_left(database: Database, store: BodyWeightStore) -> None:
    with (
        suppress(RuntimeError),
        store.staged("mo", candidates(), merge_twins=False) as staged,
        store.changing("mo") as changes,
    ):
        changes.insert_staged(staged)
        raise RuntimeError
    assert (all_entries(store), laid_down(database)) == ({}, 0)
    assert inserted(import_all(store)) == MANY


def test_what_a_killed_process_laid_down_is_taken_away_by_a_later_import(
    database: Database, store: BodyWeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(staged_imports, "_take_away", lambda *_: None)
        with store.staged("mo", candidates(), merge_twins=False):
            pass
    import_all(store, 1, "ada")
    assert laid_down(database) == MANY
    monkeypatch.setattr(staged_imports, "_ABANDONED_AFTER", -staged_imports._ABANDONED_AFTER)
    import_all(store, 1, "eve")
    assert laid_down(database) == 0


def test_of_several_equal_imports_at_once_one_is_stored(store: BodyWeightStore) -> None:
    barrier = threading.Barrier(3)

    def send(_: int) -> int:
        barrier.wait()
        return inserted(persistently(import_all, store))

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(send, range(3))) == [0, 0, MANY]
    assert len(all_entries(store)) == MANY


def test_whoever_reads_the_feed_during_imports_misses_nothing(store: BodyWeightStore) -> None:
    """And sees of each import all or nothing, in whatever else the person changes meanwhile."""
    done = threading.Event()
    sizes: set[int] = set()

    def read() -> Mirror:
        mirror = Mirror(store)
        while not done.is_set():
            mirror.read_all(limit=200)
            sizes.add(sum(entry.weight.amount == 80 for entry in mirror.copy.values()))
        mirror.read_all()
        return mirror

    def write() -> None:
        mine = []
        for day in range(20):
            mine += persistently(insert, store, new(90, -day))
            if day % 3 == 0:
                persistently(delete, store, mine.pop(0))
            persistently(insert, store, new(60, day), subject="ada")

    with ThreadPoolExecutor(3) as threads:
        reading = threads.submit(read)
        try:
            writing = threads.submit(write)
            for count in (AT_ONCE + 1, MANY):
                persistently(import_all, store, count)
            writing.result()
        finally:
            done.set()
        mirror = reading.result()
    assert mirror.copy == all_entries(store)
    assert sizes <= {0, AT_ONCE + 1, MANY}
