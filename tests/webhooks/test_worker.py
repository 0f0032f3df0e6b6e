"""Several workers on one outbox, slow receivers, and the order of events: with real receivers, on each database."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fit_service.rules.webhooks.schedule import JITTER, RETRY_AFTER
from fit_service.rules.webhooks.status import Status
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.webhook_endings import WebhookEndings
from fit_service.storage.webhook_outbox import Outbox
from fit_service.storage.webhook_secrets import WebhookSecrets
from fit_service.workers.webhook_sender import Sender
from fit_service.workers.webhook_worker import AT_ONCE_TO_ONE_APP, WebhookWorker, utc_now
from tests.fit_storage.entries import insert, new
from tests.fit_storage.hooks import LIFETIME, Hooks, seconds
from tests.fit_storage.test_migrations import go_back_to
from tests.support.migrated import migrate
from tests.support.polling import eventually
from tests.support.postgresql import new_database
from tests.support.receiver import Message, receiver


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> str | None:
    """The URL of a PostgreSQL; None for SQLite."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgresql_server")


@pytest.fixture
def database(server: str | None, tmp_path: Path) -> Iterator[Database]:
    url = new_database(server, "webhooks") if server else f"sqlite:///{tmp_path / 'fit.sqlite'}"
    database = Database(url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def hooks(database: Database) -> Hooks:
    return Hooks(database)


@pytest.fixture
def store(database: Database) -> BodyWeightStore:
    return BodyWeightStore(database)


def _nobody_is_gone(stop: threading.Event) -> None:
    """No account was deleted."""


@contextmanager
def workers(database: Database, count: int = 1, ahead: Callable[[], float] = lambda: 0.0) -> Iterator[None]:
    """So many processes' worth of workers, whose clocks are `ahead` by so many seconds."""
    stop = threading.Event()
    parts = (
        Outbox(database, WebhookSecrets(())),
        WebhookEndings(database),
        Sender(allow_private=True),
        None,
        _nobody_is_gone,
    )
    threads = [
        threading.Thread(target=WebhookWorker(*parts, clock=lambda: utc_now() + seconds(ahead())).run, args=[stop])
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def outbox_is_empty(hooks: Hooks) -> Callable[[], bool]:
    return lambda: hooks.outbox.figures().waiting == 0


def test_workers_that_share_an_outbox_deliver_each_event_once_and_in_order(
    database: Database, hooks: Hooks, store: BodyWeightStore, caplog: pytest.LogCaptureFixture
) -> None:
    with receiver() as inbox, workers(database, 3):
        subjects = [f"person {number}" for number in range(6)]
        for subject in subjects:
            hooks.register(subject, client_id=f"app of {subject}", url=inbox.url)
        for day in range(8):
            for subject in subjects:
                insert(store, new(80, day), subject=subject)
        inbox.wait_for(48, within=60)
        eventually(outbox_is_empty(hooks))
    numbers: dict[str, list[int]] = {}
    for message in inbox.messages:
        webhook_id, _, number = message.id.removeprefix("msg_").partition("_")
        numbers.setdefault(webhook_id, []).append(int(number))
    assert [list(dict.fromkeys(each)) for each in numbers.values()] == [list(range(1, 9))] * 6
    interrupted = sum(
        "interrupted" in record.message for record in caplog.records
    )  # a busy SQLite didn't take the result
    assert len(inbox.messages) <= 48 + interrupted


def test_a_slow_receiver_holds_up_its_own_app_only(database: Database, hooks: Hooks, store: BodyWeightStore) -> None:
    may_answer, at_once, most = threading.Event(), 0, 0
    counting = threading.Lock()

    def answer_slowly(_message: Message) -> int:
        nonlocal at_once, most
        with counting:
            at_once += 1
            most = max(most, at_once)
        assert may_answer.wait(60)
        with counting:
            at_once -= 1
        return 204

    with receiver() as slow, receiver() as quick:
        slow.answer = answer_slowly
        people = [f"person {number}" for number in range(3 * AT_ONCE_TO_ONE_APP)]
        for subject in people:
            hooks.register(subject, client_id="slow app", url=slow.url)
            insert(store, subject=subject)
        with workers(database):
            slow.wait_for(AT_ONCE_TO_ONE_APP)
            hooks.register("ada", client_id="quick app", url=quick.url)
            insert(store, subject="ada")
            quick.wait_for(1)
            assert len(slow.messages) == AT_ONCE_TO_ONE_APP
            may_answer.set()
            slow.wait_for(len(people))
    assert most == AT_ONCE_TO_ONE_APP


def test_told_to_stop_a_worker_finishes_what_is_under_way_and_leaves_the_rest(
    database: Database, hooks: Hooks, store: BodyWeightStore
) -> None:
    may_answer = threading.Event()

    def hold(_message: Message) -> int:
        assert may_answer.wait(60)
        return 204

    with receiver() as inbox:
        hooks.register(url=inbox.url)
        insert(store)
        insert(store)
        inbox.answer = hold
        with workers(database):
            inbox.wait_for(1)
            threading.Timer(0.3, may_answer.set).start()
        assert len(inbox.messages) == 1
        hooks.now += seconds(5)
        assert [event["type"] for _, event in hooks.deliver_all()] == ["body_weight.created"]


def test_a_failing_receiver_is_tried_again_with_the_same_message(
    database: Database, hooks: Hooks, store: BodyWeightStore
) -> None:
    ahead = 0.0
    with receiver() as inbox:
        inbox.answer = lambda _: 500
        webhook_id = hooks.register(url=inbox.url)
        insert(store)
        with workers(database, ahead=lambda: ahead):
            eventually(lambda: hooks.find(webhook_id).failing_since is not None)  # type: ignore[union-attr]
            inbox.answer = lambda _: 204
            ahead = RETRY_AFTER[0] * (1 + JITTER)
            inbox.wait_for(2)
            eventually(outbox_is_empty(hooks))
    first, second = inbox.messages
    assert (first.id, first.body) == (second.id, second.body)


def test_a_worker_sweeps_when_it_starts(database: Database, hooks: Hooks) -> None:
    with receiver() as inbox:
        hooks.now -= LIFETIME
        webhook_id = hooks.register(url=inbox.url)
        with workers(database):
            [message] = inbox.wait_for(1)
    assert (message.type, message.event["data"]) == ("webhook.disabled", {"because": "expired"})
    registration = hooks.find(webhook_id)
    assert registration is not None
    assert registration.status == Status.DISABLED


def test_a_worker_outlives_an_outage_of_its_database(hooks: Hooks, database: Database, store: BodyWeightStore) -> None:
    go_back_to(database, "0002")
    with receiver() as inbox, workers(database):
        time.sleep(0.5)  # it finds no tables
        database.upgrade()
        hooks.register(url=inbox.url)
        insert(store)
        inbox.wait_for(1)
