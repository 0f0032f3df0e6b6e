"""The authorization server and its Redis are killed and restarted under load: what was revoked is out after three
seconds all the same, no good token is refused, and afterwards memory serves again.
"""

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.callers import BOUND, Callers, anyhow, from_memory, refused
from tests.support.failpoints import VARIABLE, Failpoints
from tests.support.gunicorn_stack import GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.protected_service import ProtectedService, run_protected_service
from tests.support.servers import RedisServer, redis_server, running_redis

READING_FEED, READING_TOKEN = "answer to revocations", "answer to introspect"

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class House:
    """Everything, with the switches."""

    redis: RedisServer
    stack: GunicornStack
    service: ProtectedService
    failpoints: Failpoints

    def start_authorization_server(self) -> None:
        self.stack.process.start()
        self.stack.process.wait_until_ready()


class Load:
    """Calls with good and with doomed tokens, all the time."""

    def __init__(
        self, house: House, callers: Callers, good: list[str], doomed: list[str], revoked: dict[str, float]
    ) -> None:
        self.callers = callers
        self.good, self.doomed = good, doomed
        self._house = house
        self._revoked = revoked

    @classmethod
    @contextmanager
    def on(cls, house: House) -> Iterator["Load"]:
        """Begin when memory serves all of them."""
        good, doomed = ([house.stack.tokens()["access_token"] for _ in range(3)] for _ in range(2))
        revoked: dict[str, float] = {}
        with Callers.calling(house.service, good + doomed, revoked) as callers:
            callers.wait_until(from_memory, good + doomed, since=0.0)
            yield cls(house, callers, good, doomed, revoked)

    def revoke(self, token: str) -> None:
        self._house.stack.revoke(token)
        self._revoked[token] = time.monotonic()

    def wait_until_long_revoked(self) -> None:
        time.sleep(max(0.0, max(self._revoked.values()) + BOUND + 0.2 - time.monotonic()))

    def recover(self) -> float:
        """Wait until memory serves good tokens again and others are asked about; then use all once more; since when."""
        ended = time.monotonic()
        self.callers.wait_until(from_memory, self.good, since=ended)
        self.callers.wait_until(refused, self.doomed, since=ended)
        self.wait_until_long_revoked()
        settled = time.monotonic()
        self.callers.wait_until(anyhow, self.good + self.doomed, since=settled)
        record = self.callers.record
        recovery = record.remembered_after(ended, self.good)
        print(f"last acceptance {record.last_acceptance():.2f} s, memory serves after {recovery:.2f} s")
        return settled

    def assert_all_was_well(self, settled: float) -> None:
        record = self.callers.record
        assert record.accepted_late() == []
        assert min(len(record.sent_late(worker)) for worker in record.workers()) >= 10
        assert record.statuses(self.good) <= {200, 503}
        assert record.statuses(self.good, since=settled) == {200}
        assert record.statuses(self.doomed, since=settled) == {401}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    folder: Path = tmp_path_factory.mktemp("house")
    failpoints = folder / "failpoints"
    failpoints.mkdir()
    settings = {VARIABLE: str(failpoints), "AUTH_RECONCILE_INTERVAL": "0.5"}
    app = "tests.support.worker_with_failpoints:app"
    with (
        running_redis("--appendonly", "yes", "--appendfsync", "always") as redis,
        run_gunicorn_stack(folder, redis.url, "--preload", app=app, **settings) as stack,
        run_protected_service(folder, stack) as service,
    ):
        yield House(redis, stack, service, Failpoints(failpoints))


@pytest.fixture
def load(house: House) -> Iterator[Load]:
    with Load.on(house) as load:
        yield load


def test_it_is_killed_between_reading_and_answering(house: House, load: Load) -> None:
    unknown = house.stack.tokens()["access_token"]

    with ThreadPoolExecutor(1) as pool:
        with house.failpoints.holding(READING_FEED, READING_TOKEN):
            used = pool.submit(house.service.call_once, unknown)
            eventually(lambda: house.failpoints.is_reached(READING_TOKEN))
            for token in (*load.doomed, unknown):
                load.revoke(token)
            eventually(lambda: house.failpoints.is_reached(READING_FEED))
            house.stack.process.kill()
        assert used.result().status == 503
    load.wait_until_long_revoked()
    house.start_authorization_server()
    settled = load.recover()
    load.assert_all_was_well(settled)
    assert house.service.call_once(unknown).status == 401


@pytest.mark.parametrize("place", ["before the revoking script", "after the revoking script"])
def test_it_is_killed_while_it_revokes_and_what_sql_says_comes_true(house: House, load: Load, place: str) -> None:
    granted = house.stack.tokens()
    with Callers.calling(house.service, [granted["access_token"]], {}) as others:
        others.wait_until(from_memory, [granted["access_token"]], since=0.0)
        house.failpoints.kill_next_at(place)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            house.stack.revoke(granted["refresh_token"])
        others.wait_until(refused, [granted["access_token"]], since=0.0)
    assert load.callers.record.statuses(load.good + load.doomed) <= {200, 503}
    load.callers.wait_until(from_memory, load.good + load.doomed, since=time.monotonic())


def test_it_is_restarted(house: House, load: Load) -> None:
    for token in load.doomed:
        load.revoke(token)
    house.stack.process.stop()
    house.start_authorization_server()
    load.assert_all_was_well(load.recover())


def test_redis_is_killed_and_started_with_its_data(house: House, load: Load) -> None:
    for token in load.doomed:
        load.revoke(token)
    house.redis.kill()
    with house.stack.connection() as connection:
        assert house.stack.ask(connection, "/revoke", {"token": load.good[0]}).status == 503
    load.wait_until_long_revoked()
    house.redis.start()
    load.assert_all_was_well(load.recover())


def test_redis_is_killed_and_started_without_its_data(house: House, load: Load) -> None:
    for token in load.doomed:
        load.revoke(token)
    killed = time.monotonic()
    house.redis.kill()
    load.wait_until_long_revoked()
    house.redis.lose_data()
    house.redis.start()
    load.callers.wait_until(refused, load.good + load.doomed, since=time.monotonic())
    record = load.callers.record
    assert record.accepted_late() == []
    assert record.statuses(load.good, until=killed) == {200}
    settled = time.monotonic()
    with Load.on(house) as new:
        assert new.callers.record.statuses(new.good) <= {200, 503}
        load.callers.wait_until(anyhow, load.good + load.doomed, since=settled)
    assert record.statuses(load.good + load.doomed, since=settled) == {401}
