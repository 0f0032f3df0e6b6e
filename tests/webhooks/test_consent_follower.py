"""Ends of consent: heard from the revocation feed, also of the time when no worker ran, and never guessed at."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fit_service.rules.webhooks.status import Status
from fit_service.storage.database import Database
from fit_service.storage.feed_position import FeedPositionStore
from fit_service.workers.consent_follower import ConsentFollower
from shared.resource_server import CannotValidateError
from shared.resource_server.back_channel import BackChannel
from tests.fit_storage.hooks import Hooks, seconds
from tests.support.migrated import migrate
from tests.support.polling import eventually
from tests.support.small_authorization_server import SmallAuthorizationServer, small_authorization_server


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'fit.sqlite'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def hooks(database: Database) -> Hooks:
    return Hooks(database)


@pytest.fixture
def auth() -> Iterator[SmallAuthorizationServer]:
    with small_authorization_server("https://fit.example/api/") as server:
        server.let_polls_go()
        yield server


class Worker:
    """A process that follows the feed, as far as it has stored where it was."""

    def __init__(self, auth: SmallAuthorizationServer, database: Database, hooks: Hooks) -> None:
        self._channel = BackChannel(auth.address, "moogle-fit", "secret")
        self._position = FeedPositionStore(database)
        self._endings = hooks.endings
        self._hooks = hooks

    def read(self) -> None:
        """By a follower that has just been started."""
        follower = ConsentFollower(self._channel, self._position, self._endings, "read", lambda: self._hooks.now)
        try:
            assert follower.read_once() is False
        finally:
            self._channel.close()

    def place(self) -> tuple[str, int] | None:
        return self._position.read()


@pytest.fixture
def worker(auth: SmallAuthorizationServer, database: Database, hooks: Hooks) -> Worker:
    worker = Worker(auth, database, hooks)
    worker.read()
    hooks.now += seconds(1)
    return worker


def status_of(hooks: Hooks, webhook_id: str) -> tuple[Status, str | None] | None:
    registration = hooks.find(webhook_id)
    return registration and (registration.status, registration.disabled_because)


def test_an_outage_is_one_line_without_a_traceback(
    database: Database, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    channel, stop = BackChannel("http://127.0.0.1:9", "moogle-fit", "secret"), threading.Event()
    follower = ConsentFollower(channel, FeedPositionStore(database), hooks.endings, "read", lambda: hooks.now)
    thread = threading.Thread(target=follower.run, args=(stop,))
    with caplog.at_level("INFO", logger="fit_service"):
        thread.start()
        eventually(lambda: bool(caplog.records))
        stop.set()
        thread.join()
    [record] = caplog.records
    assert (record.exc_info, record.getMessage().splitlines()) == (None, [record.getMessage()])


def test_the_webhooks_of_an_ended_grant_are_told_and_no_others(
    auth: SmallAuthorizationServer, worker: Worker, hooks: Hooks
) -> None:
    ended, other = hooks.register(grant_id="g1"), hooks.register(grant_id="g2")
    auth.revoke_grant("g1")
    worker.read()
    assert [(to, event["type"]) for to, event in hooks.deliver_all()] == [(ended, "consent.revoked")]
    assert (status_of(hooks, ended), status_of(hooks, other)) == (None, (Status.ACTIVE, None))


def test_the_end_of_a_single_token_is_no_end_of_consent(
    auth: SmallAuthorizationServer, worker: Worker, hooks: Hooks
) -> None:
    webhook_id = hooks.register(grant_id="g1")
    auth.revoke(auth.issue("a token", grant="g1"))
    worker.read()
    assert (status_of(hooks, webhook_id), hooks.types()) == ((Status.ACTIVE, None), [])


def test_a_grant_that_no_longer_allows_to_read_is_an_ended_one_and_one_that_does_is_not(
    auth: SmallAuthorizationServer, worker: Worker, hooks: Hooks
) -> None:
    lost, kept = hooks.register(grant_id="g1"), hooks.register(grant_id="g2")
    auth.narrow_grant("g1", "write")
    auth.narrow_grant("g2", "read")
    worker.read()
    assert [(to, event["type"]) for to, event in hooks.deliver_all()] == [(lost, "consent.revoked")]
    assert (status_of(hooks, lost), status_of(hooks, kept)) == (None, (Status.ACTIVE, None))


def test_what_ended_while_no_worker_ran_is_heard_by_the_next_one(
    auth: SmallAuthorizationServer, worker: Worker, hooks: Hooks
) -> None:
    hooks.register(grant_id="g1")
    auth.revoke_grant("g1")
    for number in range(20):
        auth.revoke_grant(f"somebody else's {number}")
    worker.read()
    assert hooks.types() == ["consent.revoked"]


def test_the_place_is_stored_after_its_events_were_acted_on(
    auth: SmallAuthorizationServer, worker: Worker, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies in between reads the same events again."""
    hooks.register(grant_id="g1")
    auth.revoke_grant("g1")
    before = worker.place()
    with monkeypatch.context() as dying:
        dying.setattr(FeedPositionStore, "advance", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            worker.read()
    assert worker.place() == before
    worker.read()
    assert worker.place() != before
    assert hooks.types() == ["consent.revoked"]


def test_of_two_workers_the_slower_one_does_not_turn_the_place_back(database: Database, hooks: Hooks) -> None:
    position = FeedPositionStore(database)
    position.advance("", "1", hooks.now)
    position.advance("1", "2", hooks.now)
    position.advance("1", "1.5", hooks.now)
    position.advance("", "0", hooks.now)
    place = position.read()
    assert place is not None
    assert place[0] == "2"


def test_when_the_place_is_lost_nobody_is_told_anything_until_consent_is_proven(
    auth: SmallAuthorizationServer, worker: Worker, hooks: Hooks
) -> None:
    webhook_id = hooks.register(grant_id="g1")
    hooks.now += seconds(1)
    auth.lose_the_log()
    worker.read()
    assert status_of(hooks, webhook_id) == (Status.DISABLED, "unverified")
    assert [event["type"] for _, event in hooks.deliver_all()] == ["webhook.disabled"]
    later = hooks.register(grant_id="g1")
    worker.read()
    assert status_of(hooks, later) == (Status.ACTIVE, None)


def test_the_first_worker_ever_knows_nothing_of_what_was_before(
    auth: SmallAuthorizationServer, database: Database, hooks: Hooks
) -> None:
    webhook_id = hooks.register(grant_id="g1")
    hooks.now += seconds(1)
    Worker(auth, database, hooks).read()
    assert status_of(hooks, webhook_id) == (Status.DISABLED, "unverified")


def test_an_outage_ends_nothing_and_moves_nothing(auth: SmallAuthorizationServer, worker: Worker, hooks: Hooks) -> None:
    webhook_id, before = hooks.register(grant_id="g1"), worker.place()
    auth.feed_down = True
    auth.revoke_grant("g1")
    with pytest.raises(CannotValidateError):
        worker.read()
    assert (status_of(hooks, webhook_id), worker.place()) == ((Status.ACTIVE, None), before)
    auth.feed_down = False
    worker.read()
    assert hooks.types() == ["consent.revoked"]


def test_a_quiet_feed_is_noted_once_a_minute(worker: Worker, hooks: Hooks) -> None:
    before = worker.place()
    worker.read()
    assert worker.place() == before
    hooks.now += seconds(60)
    worker.read()
    after = worker.place()
    assert before is not None
    assert after is not None
    assert (after[0], after[1] > before[1]) == (before[0], True)
