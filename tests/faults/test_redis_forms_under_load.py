"""Failovers and moving slots under load, in a cluster with replicas and behind Sentinels, with real processes.

Each prints how requests ended and for how long the unluckiest was repeated until it was answered.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis.crc import key_slot

from tests.support.grant_load import GrantLoad
from tests.support.gunicorn_stack import run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.redis_cluster import RedisCluster, client_of, slots_of
from tests.support.redis_sentinels import Sentinels
from tests.support.servers import redis_server

SHARDS = 64
CLIENTS = 6

pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(600),
    pytest.mark.skipif(redis_server() is None, reason="needs redis-server"),
]


@contextmanager
def under_load(url: str, folder: Path, what: str) -> Iterator[GrantLoad]:
    """Some seconds of load before and after what happens; then the figures."""
    with run_gunicorn_stack(folder, url, AUTH_REDIS_SHARDS=str(SHARDS)) as stack, GrantLoad.on(stack, CLIENTS) as load:
        time.sleep(4)
        before = sum(load.answers.values())
        yield load
        after = sum(load.answers.values())
        time.sleep(8)
        assert sum(load.answers.values()) > after, "it goes on"
    print(
        f"\n{what}: {before} answers before, {sum(load.answers.values())} in all; lost {len(load.lost)}, let in "
        f"{len(load.let_in)}, the longest wait {load.longest_wait:.1f} s\n{load.histogram()}"
    )
    assert load.let_in == []
    statuses = {(path, status) for path, status, _ in load.answers}
    lost = {("/token", 400)} if load.lost else set()
    assert statuses <= {(path, status) for path in ("/token", "/introspect", "/revoke") for status in (200, 503)} | lost


@pytest.fixture
def cluster() -> Iterator[RedisCluster]:
    with RedisCluster.running(replicas=3) as cluster:
        yield cluster


def test_an_orderly_failover_of_a_clusters_master_loses_nothing(cluster: RedisCluster, tmp_path: Path) -> None:
    with under_load(cluster.url, tmp_path, "CLUSTER FAILOVER") as load:
        for replica in cluster.replicas:
            with client_of(replica) as client:
                client.execute_command("CLUSTER", "FAILOVER")
            eventually(lambda replica=replica: len(slots_of(replica)) > 0, within=30)
            time.sleep(2)
    assert load.lost == []


def test_a_killed_master_of_a_cluster_loses_no_more_than_was_not_replicated(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    with under_load(cluster.url, tmp_path, "a master is killed") as load:
        cluster.masters[0].kill()
        eventually(lambda: len(slots_of(cluster.replicas[0])) > 0, within=30)
        time.sleep(4)
    assert len(load.lost) <= CLIENTS


def test_slots_that_move_under_load_lose_nothing(cluster: RedisCluster, tmp_path: Path) -> None:
    with under_load(cluster.url, tmp_path, "24 shards move") as load:
        for shard in range(24):
            slot = int(key_slot(f"{{{shard}}}".encode()))
            owner = cluster.owner(slot)
            cluster.move(slot, next(node for node in cluster.masters if node is not owner))
    assert load.lost == []


@pytest.mark.parametrize("how", ["orderly", "killed"])
def test_a_failover_by_sentinel(tmp_path: Path, how: str) -> None:
    """With `min-replicas-to-write 1` an orderly one loses nothing; a master that dies takes what its replica lacks."""
    options = ("--min-replicas-to-write", "1") if how == "orderly" else ()
    with Sentinels.running(*options) as sentinels, under_load(sentinels.url, tmp_path, f"Sentinel, {how}") as load:
        before = sentinels.master()
        happens: Callable[[], None] = sentinels.fail_over if how == "orderly" else before.kill
        happens()
        eventually(lambda: sentinels.master() is not before, within=30)
        time.sleep(16 if how == "orderly" else 6)
    assert len(load.lost) <= (0 if how == "orderly" else CLIENTS)
