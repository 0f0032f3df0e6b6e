"""An authorization server, its Redis and a service that follows its feed, each of which can be killed and restarted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.support.callers import BOUND, Callers, anyhow, from_memory, note_last_acceptance, refused
from tests.support.failpoints import VARIABLE, Failpoints
from tests.support.gunicorn_stack import GunicornStack, run_gunicorn_stack
from tests.support.protected_service import ProtectedService, run_protected_service
from tests.support.servers import RedisServer, running_redis
from tests.support.spoiled_back_channel import SpoiledBackChannel


@dataclass(frozen=True)
class House:
    """Everything, with the switches."""

    redis: RedisServer
    stack: GunicornStack
    failpoints: Failpoints
    channel: SpoiledBackChannel
    """Between the service and the authorization server."""
    service: ProtectedService

    @classmethod
    @contextmanager
    def built_in(cls, folder: Path) -> Iterator[Self]:
        """Start everything; the service may not answer yet."""
        failpoints = folder / "failpoints"
        failpoints.mkdir()
        settings = {VARIABLE: str(failpoints), "AUTH_RECONCILE_INTERVAL": "0.5"}
        app = "tests.support.worker_with_failpoints:app"
        with (
            running_redis("--appendonly", "yes", "--appendfsync", "always") as redis,
            run_gunicorn_stack(folder, redis.url, "--preload", app=app, **settings) as stack,
            SpoiledBackChannel.to(stack.port) as channel,
            run_protected_service(folder, stack, auth_url=channel.url) as service,
        ):
            yield cls(redis, stack, Failpoints(failpoints), channel, service)

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
    def on(cls, house: House, *, good: int = 3, doomed: int = 3, **pressure: Any) -> Iterator[Self]:
        """With so many tokens of each kind. Begin when memory serves all of them."""
        good_ones, doomed_ones = ([house.stack.tokens()["access_token"] for _ in range(n)] for n in (good, doomed))
        revoked: dict[str, float] = {}
        with Callers.calling(house.service, good_ones + doomed_ones, revoked, **pressure) as callers:
            callers.wait_until(from_memory, good_ones + doomed_ones, since=0.0)
            yield cls(house, callers, good_ones, doomed_ones, revoked)

    def revoke(self, token: str) -> None:
        self._house.stack.revoke(token)
        self._revoked[token] = time.monotonic()

    def wait_until_long_revoked(self) -> None:
        time.sleep(max(0.0, max(self._revoked.values()) + BOUND + 0.2 - time.monotonic()))

    def recover(self) -> float:
        """Wait until memory serves good tokens again and others are asked about; then use all once more; since when."""
        ended = time.monotonic()
        self.callers.wait_until(from_memory, self.good, since=ended)
        self.callers.wait_until(refused, self._revoked.keys() & self.doomed, since=ended)
        self.wait_until_long_revoked()
        settled = time.monotonic()
        self.callers.wait_until(anyhow, self.good + self.doomed, since=settled)
        record = self.callers.record
        note_last_acceptance(record)
        recovery = record.remembered_after(ended, self.good)
        print(f"last acceptance {record.last_acceptance():.2f} s, memory serves after {recovery:.2f} s")
        return settled

    def assert_all_was_well(self, settled: float) -> None:
        """What was revoked was out in time and stayed out, what was good was never refused."""
        record = self.callers.record
        assert record.accepted_late() == []
        assert min(len(record.sent_late(worker)) for worker in record.workers()) >= 10
        assert record.statuses(self.good) <= {200, 503}
        assert record.statuses(self.good, since=settled) == {200}
        assert record.statuses(self._revoked, since=settled) == {401}
