"""A service built with the kit in several gunicorn workers: each follows the feed itself, however it was forked."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.callers import Callers, from_memory, refused
from tests.support.gunicorn_stack import GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.protected_service import run_protected_service
from tests.support.spoiled_back_channel import INTROSPECTION, SpoiledBackChannel, held

pytestmark = pytest.mark.core

PRELOAD = ("--preload",)


@pytest.fixture(scope="module")
def stack(real_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornStack]:
    with run_gunicorn_stack(tmp_path_factory.mktemp("auth"), real_redis_url, *PRELOAD) as running:
        yield running


@pytest.mark.parametrize(
    ("options", "used_before_the_fork"),
    [((), False), (PRELOAD, False), (PRELOAD, True)],
    ids=["each worker loads", "preload", "preload, used before the fork"],
)
def test_each_worker_remembers_and_hears_of_every_revocation(
    stack: GunicornStack, tmp_path: Path, options: tuple[str, ...], used_before_the_fork: bool
) -> None:
    kept, revoked, used = (stack.tokens()["access_token"] for _ in range(3))
    before = {"PLANS_TOKEN_BEFORE_FORK": used} if used_before_the_fork else {}
    with (
        run_protected_service(tmp_path, stack, *options, workers=3, **before) as service,
        Callers.calling(service, [kept, revoked], {}, per_worker=1) as callers,
    ):
        callers.wait_until(from_memory, [kept, revoked], since=0.0)
        stack.revoke(revoked)
        callers.wait_until(refused, [revoked], since=0.0)
        callers.wait_until(from_memory, [kept], since=time.monotonic())
    assert len(callers.record.workers()) == 3
    assert callers.record.statuses([kept]) == {200}


def test_two_hundred_parallel_calls_with_one_unknown_token_are_one_question_per_process(
    stack: GunicornStack, tmp_path: Path
) -> None:
    known, unknown, may_answer = stack.tokens()["access_token"], stack.tokens()["access_token"], threading.Event()
    with (
        SpoiledBackChannel.to(stack.port) as channel,
        run_protected_service(tmp_path, stack, auth_url=channel.url, deadline=30, threads=120) as service,
    ):
        service.wait_until_ready()
        with service.connections(per_worker=100) as by_worker:
            for some in by_worker.values():
                eventually(lambda some=some: from_memory(service.call(some[0], known)))
            asked = channel.requests[INTROSPECTION]
            channel.spoil(held(may_answer), INTROSPECTION)
            connections = [connection for some in by_worker.values() for connection in some]
            sent = [(connection, unknown, service.send(connection, unknown)) for connection in connections]
            eventually(lambda: channel.requests[INTROSPECTION] - asked == 2)
            may_answer.set()
            calls = [service.receive(*call) for call in sent]
    assert Counter(call.status for call in calls) == {200: 200}
    assert channel.requests[INTROSPECTION] - asked == 2
    took = Counter(call.took for call in calls)
    assert (took["miss"], took["wait"] + took["hit"]) == (2, 198)
    assert took["wait"] > 0
