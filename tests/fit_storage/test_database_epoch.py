"""A new epoch: numbers go on where none ever was, for those who are there and for those who come."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import redis

from fit_service.models.base import to_microseconds
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.change_marks import ChangeMarks
from fit_service.storage.database import Database
from fit_service.storage.database_epoch import DatabaseBehindError, DatabaseEpochStore
from tests.fit_storage.entries import Mirror, insert, new
from tests.fit_storage.hooks import Hooks
from tests.support.servers import free_port

API = "https://fit.example/api/"


def begin(database: Database) -> int:
    return DatabaseEpochStore(database).begin(datetime.now(UTC))


def test_numbers_of_a_new_epoch_are_larger_than_all_before(database: Database, store: BodyWeightStore) -> None:
    insert(store, *(new(80, day) for day in range(3)))
    mirror, newcomer = Mirror(store), Mirror(store, "ada")
    mirror.read_all()
    epochs = [begin(database), begin(database)]
    assert to_microseconds(datetime.now(UTC)) >= epochs[1] > epochs[0]
    [entry], [first] = insert(store, new(81, 9)), insert(store, new(60), subject="ada")
    assert (entry.change, first.change) == (epochs[1] + 2, epochs[1] + 1)
    newcomer._position = "0-0"
    for lost in (mirror, newcomer):
        with pytest.raises(LookupError):
            lost.read_page()


def test_whoever_read_nothing_yet_goes_on_from_there(database: Database, store: BodyWeightStore) -> None:
    begin(database)
    mirror = Mirror(store)
    mirror.read_all()
    [entry] = insert(store)
    mirror.read_all()
    assert mirror.copy == {entry.id: entry}


def test_messages_to_webhooks_get_ids_that_no_receiver_has_seen(database: Database, store: BodyWeightStore) -> None:
    hooks = Hooks(database)
    hooks.register()
    insert(store)
    epoch = begin(database)
    insert(store, new(81, 1))
    hooks.now = datetime.now(UTC)
    claim = hooks.claimed()
    following = hooks.settle(claim, claim.event)
    assert (claim.event.number, following.number) == (1, epoch + 1)


def test_a_change_under_way_is_of_the_epoch_before_and_the_next_one_of_the_new(
    database: Database, store: BodyWeightStore
) -> None:
    begun, ready = threading.Event(), threading.Event()

    def write() -> int:
        with store.changing("mo") as changes:
            [entry] = changes.insert([new()])
            begun.set()
            ready.wait(60)
        return entry.change

    with ThreadPoolExecutor(2) as threads:
        writing = threads.submit(write)
        begun.wait(60)
        beginning = threads.submit(begin, database)
        ready.set()
        assert writing.result() == 1
        epoch = beginning.result()
    assert insert(store, new(81, 1))[0].change == epoch + 2


def test_a_database_that_lacks_changes_is_read_and_not_changed_whatever_redis_forgets(
    database: Database, redis_url: str
) -> None:
    marks = ChangeMarks(redis_url, API)
    marks.reach("mo", 2)
    store = BodyWeightStore(database, marks)
    with pytest.raises(DatabaseBehindError):
        insert(store, new(), new(81, 1))
    redis.Redis.from_url(redis_url).flushdb()
    for each in (store, BodyWeightStore(database)):
        with pytest.raises(DatabaseBehindError):
            insert(each, subject="ada")
    with store.reading("mo") as entries:
        assert entries.latest() is None
    begin(database)
    insert(store)


def test_a_mark_never_falls_and_is_one_persons_at_one_api(redis_url: str) -> None:
    marks = ChangeMarks(redis_url, API)
    for number in (1, 3, 2):
        marks.reach("a person", number)
    assert [marks.reached("a person"), marks.reached("another"), ChangeMarks(redis_url, "x").reached("a person")] == [
        3,
        0,
        0,
    ]


def test_while_redis_is_away_entries_are_changed_as_before(database: Database) -> None:
    store = BodyWeightStore(database, ChangeMarks(f"redis://127.0.0.1:{free_port()}/0", API))
    assert [insert(store, new(80, day))[0].change for day in range(2)] == [1, 2]
