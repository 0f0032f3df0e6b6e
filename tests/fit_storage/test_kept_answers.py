"""Answers kept under an `Idempotency-Key`: beside what they did, both or neither, and not for longer than a day."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from fit_service.models.entries import BodyWeight
from fit_service.models.kept_answer import KeptAnswer
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.kept_answers import Answer, OtherRequestError, RepeatableRequest
from tests.fit_storage.entries import new

NOW = datetime(2026, 5, 1, tzinfo=UTC)
REQUEST = RepeatableRequest(key="k" * 64, digest="d" * 64, sent_at=NOW)


def insert_one(changes: EntryChanges) -> Answer:
    [entry] = changes.insert([new()])
    return Answer(201, entry.id, location=f"/{entry.id}", etag="a tag")


def count(database: Database, table: type[BodyWeight | KeptAnswer]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_repetition_gets_the_whole_answer_and_does_nothing(store: BodyWeightStore, database: Database) -> None:
    first = store.change_once("mo", REQUEST, insert_one)
    assert first.body
    assert store.change_once("mo", REQUEST, insert_one) == first
    assert count(database, BodyWeight) == 1


def test_another_request_with_the_key_is_refused_and_does_nothing(store: BodyWeightStore, database: Database) -> None:
    store.change_once("mo", REQUEST, insert_one)
    with pytest.raises(OtherRequestError):
        store.change_once("mo", replace(REQUEST, digest="e" * 64), insert_one)
    assert count(database, BodyWeight) == 1


def test_of_many_at_once_one_is_done_and_all_get_its_answer(store: BodyWeightStore, database: Database) -> None:
    barrier = threading.Barrier(6)

    def send(_: int) -> Answer:
        barrier.wait()
        return store.change_once("mo", REQUEST, insert_one)

    with ThreadPoolExecutor(6) as threads:
        answers = set(threads.map(send, range(6)))
    assert len(answers) == 1
    assert count(database, BodyWeight) == 1


def test_what_failed_is_not_kept_and_may_be_tried_again(store: BodyWeightStore, database: Database) -> None:
    def fail(changes: EntryChanges) -> Answer:
        insert_one(changes)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.change_once("mo", REQUEST, fail)
    assert (count(database, KeptAnswer), count(database, BodyWeight)) == (0, 0)
    assert store.change_once("mo", REQUEST, insert_one).status == 201


def test_after_a_day_the_key_is_free_again_and_not_before(store: BodyWeightStore, database: Database) -> None:
    first = store.change_once("mo", REQUEST, insert_one)
    just_before = replace(REQUEST, sent_at=NOW + timedelta(hours=24) - timedelta(microseconds=1))
    assert store.change_once("mo", just_before, insert_one) == first
    later = replace(REQUEST, sent_at=NOW + timedelta(hours=24))
    assert store.change_once("mo", later, insert_one) != first
    assert count(database, BodyWeight) == 2


def test_expired_answers_of_everybody_are_removed_by_the_next_request(
    store: BodyWeightStore, database: Database
) -> None:
    for number in range(5):
        store.change_once("mo", replace(REQUEST, key=f"{number:064}"), insert_one)
    store.change_once("ada", replace(REQUEST, key="x" * 64, sent_at=NOW + timedelta(days=2)), insert_one)
    assert count(database, KeptAnswer) == 1
