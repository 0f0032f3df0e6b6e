"""A minute of accidents at random, one after the other and two at once. TORTURE_SEED repeats a run."""

import http.client
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.faults.house import House, Load
from tests.support.spoiled_back_channel import FEED, Fault, cut, late, swallow

SEED = int(os.environ.get("TORTURE_SEED", time.time_ns() % 1_000_000))
LONG = 60.0
"""Seconds."""

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]


def spoil(house: House, chance: random.Random) -> Callable[[], None]:
    fault: Fault = chance.choice([cut, swallow, late(chance.uniform(0.1, 3))])
    house.channel.spoil(fault, *chance.choice([(), (FEED,)]))
    return house.channel.recover


def stop_a_worker(house: House, chance: random.Random) -> Callable[[], None]:
    worker = chance.choice(sorted(house.service.process.workers()))
    os.kill(worker, signal.SIGSTOP)
    return lambda: os.kill(worker, signal.SIGCONT)


def kill_authorization_server(house: House, _chance: random.Random) -> Callable[[], None]:
    house.stack.process.kill()
    return house.stack.process.start


def kill_redis(house: House, _chance: random.Random) -> Callable[[], None]:
    house.redis.kill()
    return house.redis.start


ACCIDENTS = [spoil, stop_a_worker, stop_a_worker, kill_authorization_server, kill_redis]


def revoke_some(load: Load, doomed: list[str], until: float) -> None:
    """As time allows. A revocation that was not acknowledged may have happened or not."""
    while time.monotonic() < until:
        if doomed:
            with suppress(AssertionError, OSError, http.client.HTTPException):
                load.revoke(doomed.pop())
        time.sleep(0.4)


def test_nothing_revoked_is_let_through_and_nothing_good_refused(house: House) -> None:
    print(f"TORTURE_SEED={SEED}")
    chance = random.Random(SEED)
    with Load.on(house, good=5, doomed=60, per_worker=6, pause=0.02) as load:
        doomed, end = load.doomed.copy(), time.monotonic() + LONG
        while time.monotonic() < end:
            accidents = chance.sample(ACCIDENTS, chance.choice([1, 1, 2]))
            print(*(accident.__name__ for accident in accidents))
            repairs = [accident(house, chance) for accident in accidents]
            revoke_some(load, doomed, until=time.monotonic() + chance.uniform(0.5, 5))
            for repair in repairs:
                repair()
            revoke_some(load, doomed, until=time.monotonic() + chance.uniform(0.5, 3))
        house.stack.process.wait_until_ready()
        load.assert_all_was_well(load.recover())
