"""The machine of Redis loses power: with `appendfsync always` all that was acknowledged is there."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from auth_service.models.tokens import Issued, Replayed
from auth_service.storage.redis_connection import RedisClients
from tests.storage.conftest import LOG_LIFETIME
from tests.storage.holder import KEYS, Holder, Spent, stores
from tests.support.power_loss import MachineOfRedis, compiler
from tests.support.servers import redis_server
from tests.support.told_redis import SHARDS, connect_told
from tests.support.volumes import Volume

GRANTS, UNDER_LOAD = 4, 0.3

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]


@dataclass
class App:
    """Refreshes without a pause, each time with a key of its own, until Redis is gone."""

    holder: Holder
    last: Spent = field(init=False)
    acknowledged: int = 0

    def __post_init__(self) -> None:
        self.last = self.holder.connect()

    def refresh(self) -> None:
        try:
            while True:
                self.last = self._next()
                self.acknowledged += 1
        except redis.RedisError:
            pass  # this one was not answered, and may have happened

    def lost(self, clients: RedisClients) -> bool:
        """Whether the last answer that it got, or the way on from there, is gone."""
        self.holder.store, self.holder.ends = stores(clients, SHARDS, LOG_LIFETIME)
        kept = self.holder.is_active(self.last.access)
        return not kept or type(self._next().outcome) not in {Issued, Replayed}

    def _next(self) -> Spent:
        return self.holder.spend(self.last.refresh, key=f"after {self.acknowledged} refreshes")


def lost_in(machine: MachineOfRedis) -> int:
    """How many of some apps lost something when power went in the middle of their refreshes."""
    before = connect_told(machine.server.url)
    apps = [App(Holder(*stores(before, SHARDS, LOG_LIFETIME), KEYS)) for _ in range(GRANTS)]
    threads = [threading.Thread(target=app.refresh) for app in apps]
    for thread in threads:
        thread.start()
    time.sleep(UNDER_LOAD)
    machine.lose_power()
    for thread in threads:
        thread.join()
    assert min(app.acknowledged for app in apps) > 0
    after = connect_told(machine.server.url)
    return sum(app.lost(after) for app in apps)


def run(machine: MachineOfRedis, volume: Volume) -> int:
    lost = 0
    for _ in range(volume.asked):
        lost += lost_in(machine)
        volume.done += 1
    print(f"{volume.done} losses of power, {volume.done * GRANTS} grants: {lost} lost something")
    return lost


@pytest.fixture
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MachineOfRedis]:
    """With this `appendfsync`."""
    if redis_server() is None:
        pytest.skip("needs redis-server")
    if compiler() is None:
        pytest.skip("needs a C compiler")
    with MachineOfRedis.running(tmp_path, "--appendfsync", request.param) as running:
        yield running


@pytest.mark.volume("power")
@pytest.mark.parametrize("machine", ["always"], indirect=True)
def test_a_loss_of_power_loses_nothing_that_was_acknowledged(machine: MachineOfRedis, volume: Volume) -> None:
    assert run(machine, volume) == 0


@pytest.mark.volume("control")
@pytest.mark.parametrize("machine", ["everysec"], indirect=True)
def test_a_disk_that_is_synced_each_second_does_lose_some(machine: MachineOfRedis, volume: Volume) -> None:
    """Else the test above would see nothing."""
    lost = run(machine, volume)
    volume.failures += lost
    assert lost > 0
