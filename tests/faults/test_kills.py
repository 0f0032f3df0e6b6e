"""Workers and Redis are killed again and again under load: nothing acknowledged is lost, nobody who ended is let in."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.support.grant_load import GrantLoad
from tests.support.gunicorn_stack import GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.servers import RedisServer, redis_server, running_redis
from tests.support.volumes import Volume

CLIENTS = 4
REDIS_EVERY = 5
"""Of so many kills one is that of Redis."""


def kill_worker(stack: GunicornStack, chance: random.Random) -> None:
    killed = chance.choice(sorted(stack.process.workers()))
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: len(stack.process.workers() - {killed}) == 2)


def kill_redis(redis: RedisServer) -> None:
    redis.kill()
    redis.start()


@pytest.mark.volume("kills")
@pytest.mark.timeout(300)
def test_kills_under_load_lose_nothing_that_was_acknowledged_and_let_nobody_in(tmp_path: Path, volume: Volume) -> None:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    chance = random.Random()
    persistent = ("--appendonly", "yes", "--appendfsync", "always")
    with (
        running_redis(*persistent) as redis,
        run_gunicorn_stack(tmp_path, redis.url, "--preload") as stack,
        GrantLoad.on(stack, CLIENTS) as load,
    ):
        eventually(lambda: load.answers["/introspect", 200, None] >= CLIENTS)
        for number in range(volume.asked):
            if number % REDIS_EVERY == REDIS_EVERY - 1:
                kill_redis(redis)
            else:
                kill_worker(stack, chance)
            volume.done += 1
            time.sleep(chance.uniform(0, 0.1))
        answered = load.answers["/introspect", 200, None]
        eventually(lambda: load.answers["/introspect", 200, None] > answered + CLIENTS)
    print(f"{volume.done} kills, the longest wait {load.longest_wait:.1f} s\n{load.histogram()}")
    assert (load.lost, load.let_in) == ([], [])
    assert {status for _, status, _ in load.answers} <= {0, 200, 503}
