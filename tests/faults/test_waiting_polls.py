"""Waiting polls of the revocation feed hold threads; the rest of the authorization server must not notice."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from auth_service.protocol.tokens.revocation_feed import LONGEST_WAIT
from shared.resource_server.back_channel import BackChannel
from shared.resource_server.revocation_feed import read_feed
from tests.support.gunicorn_stack import SECRET, GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually

POLLERS = 40
"""More than a worker has threads, let alone places to wait."""

Job = Callable[[], object]

pytestmark = pytest.mark.timeout(400)


class Poller:
    """Follows the feed as the kit does, and pauses longer when it was not let wait: there are many, on few cores."""

    def __init__(self, channel: BackChannel) -> None:
        self._channel = channel
        self._cursor = ""

    def __call__(self) -> None:
        began = time.monotonic()
        self._cursor = read_feed(self._channel, self._cursor, grace=60).cursor
        if time.monotonic() - began < LONGEST_WAIT / 2:
            time.sleep(LONGEST_WAIT / 2)


@contextmanager
def busy(jobs: list[Job]) -> Iterator[list[Future[int]]]:
    """Do each job again and again, side by side, until the block ends; the futures say how often each was done."""
    stopped = threading.Event()

    def repeat(job: Job) -> int:
        done = 0
        while not stopped.is_set():
            job()
            done += 1
        return done

    with ThreadPoolExecutor(len(jobs)) as pool:
        try:
            yield [pool.submit(repeat, job) for job in jobs]
        finally:
            stopped.set()


def back_channel(stack: GunicornStack) -> closing[BackChannel]:
    return closing(BackChannel(stack.issuer, "moogle-fit", SECRET))


def pollers(channel: BackChannel) -> list[Job]:
    return [Poller(channel) for _ in range(POLLERS)]


def exchange(stack: GunicornStack, code: dict[str, str]) -> None:
    with stack.connection() as connection:
        assert stack.ask(connection, "/token", code).status == 200


def seconds(job: Job) -> float:
    began = time.monotonic()
    job()
    return time.monotonic() - began


def usual_times(stack: GunicornStack, samples: int) -> tuple[float, float]:
    """Seconds that /health/live and /token take, connections included, while everybody polls who can."""
    codes = [stack.code() for _ in range(samples)]
    with back_channel(stack) as channel, busy(pollers(channel)):
        time.sleep(LONGEST_WAIT)
        live = [seconds(partial(stack.process.wait_until_ready, "/health/live")) for _ in range(samples)]
        token = [seconds(partial(exchange, stack, code)) for code in codes]
    return statistics.median(live), statistics.median(token)


@pytest.fixture(scope="module")
def stack(real_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornStack]:
    options = ("-w", "1", "--graceful-timeout", "300")
    with run_gunicorn_stack(tmp_path_factory.mktemp("polls"), real_redis_url, *options) as running:
        yield running


def test_with_all_places_taken_nobody_else_waits_for_a_poll_to_end(stack: GunicornStack) -> None:
    live, token = usual_times(stack, samples=15)
    print(f"/health/live {live:.3f} s, /token {token:.3f} s")
    assert max(live, token) < LONGEST_WAIT / 2


@pytest.mark.torture
def test_without_a_budget_they_would(real_redis_url: str, tmp_path: Path) -> None:
    with run_gunicorn_stack(tmp_path, real_redis_url, "-w", "1", AUTH_WAITING_POLLS="1000") as stack:
        live, token = usual_times(stack, samples=5)
    print(f"/health/live {live:.3f} s, /token {token:.3f} s")
    assert min(live, token) > LONGEST_WAIT / 2


def test_a_reload_loses_no_request_and_is_not_held_up(stack: GunicornStack) -> None:
    known = stack.tokens()["access_token"]
    with back_channel(stack) as channel:

        def introspect() -> None:
            assert b'"active":true' in channel.post("/introspect", {"token": known}, within=60).body
            time.sleep(0.05)

        def get_tokens() -> None:
            exchange(stack, stack.code())
            time.sleep(0.05)

        with busy([*pollers(channel), introspect, introspect, get_tokens]) as jobs:
            time.sleep(LONGEST_WAIT)
            old = stack.process.workers()
            stack.process.reload()
            took = seconds(lambda: eventually(lambda: old.isdisjoint(stack.process.workers())))
            time.sleep(LONGEST_WAIT)
        print(f"the old worker was gone after {took:.1f} s")
        assert len(stack.process.workers()) == 1
        assert min(job.result() for job in jobs) > 0
