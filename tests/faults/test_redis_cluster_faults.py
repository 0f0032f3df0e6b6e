"""A master of a Redis Cluster is away, or a slot moves: what is there is told truly, the rest is a 503."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from redis.crc import key_slot

from auth_service.storage.grant_keys import GrantKeys
from shared.operations import health
from tests.support.actions import Actions, App, Tokens, error_of, tokens
from tests.support.feed_reader import Reader
from tests.support.polling import eventually
from tests.support.redis_cluster import RedisCluster
from tests.support.servers import RedisServer, redis_server
from tests.support.stack import Stack, run_stack
from tests.unit.test_settings import REQUIRED

ROOT = Path(__file__).resolve().parents[2]
SHARDS = 64
KEYS = GrantKeys(SHARDS)


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with RedisCluster.running("--appendonly", "yes", "--appendfsync", "always") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def stack(cluster: RedisCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(tmp_path_factory.mktemp("cluster"), cluster.url, redis_shards=SHARDS) as running:
        yield running


@pytest.fixture
def actions(stack: Stack) -> Actions:
    return Actions(stack)


def slot_of(grant_id: str) -> int:
    return int(key_slot(f"{{{KEYS.shard(grant_id)}}}".encode()))


def two_of_each_master(actions: Actions, app: App, cluster: RedisCluster) -> dict[RedisServer, list[Tokens]]:
    """Tokens by where their grant is."""
    found, mo = defaultdict[RedisServer, list[Tokens]](list), actions.person()
    while len(found) < len(cluster.masters) or min(map(len, found.values())) < 2:
        each = app.connect(mo)
        found[cluster.owner(slot_of(actions.introspect(each.access)["grant_id"]))].append(each)
    return found


def test_while_a_master_is_away_its_grants_are_503_and_the_others_go_on(
    cluster: RedisCluster, stack: Stack, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROBE_EVERY", 0.0)
    app = actions.app()
    (away, (ended, kept, *_)), (_, (other, other_ended, *_)), _ = two_of_each_master(actions, app, cluster).items()
    ended_id, other_id = (actions.introspect(each.access)["grant_id"] for each in (ended, other_ended))
    reader = Reader(stack)
    away.kill()
    for answer in (
        actions.introspection(kept.access),
        app.refresh(kept.refresh),
        app.revoke(ended.refresh),
        reader.request(after=reader.cursor),
    ):
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "1"), answer.text
    assert actions.is_active(other.access)
    other = tokens(app.refresh(other.refresh))
    assert app.revoke(other_ended.refresh).status_code == 200
    assert [actions.is_active(each.access) for each in (other, other_ended)] == [True, False]
    ready = requests.get(f"{stack.auth}/health/ready", timeout=60)
    assert (ready.status_code, ready.json()["checks"]["redis"]) == (200, "degraded")

    away.start()
    eventually(lambda: actions.introspection(kept.access).status_code == 200, within=30)
    assert [actions.is_active(each.access) for each in (kept, ended, other)] == [True, False, True]
    assert type(tokens(app.refresh(kept.refresh))) is Tokens
    eventually(lambda: reader.request(after=reader.cursor).status_code == 200, within=30)
    assert {event["grant_id"] for event in reader.news()} == {ended_id, other_id}
    ready = requests.get(f"{stack.auth}/health/ready", timeout=60)
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_a_grant_whose_slot_moves_is_503_where_part_of_it_has_gone_and_the_same_at_its_new_master(
    cluster: RedisCluster, actions: Actions, stack: Stack
) -> None:
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo)
    grant_id = actions.introspect(granted.access)["grant_id"]
    slot = ended_slot = slot_of(grant_id)
    while ended_slot == slot:
        ended = app.connect(mo)
        ended_id = actions.introspect(ended.access)["grant_id"]
        ended_slot = slot_of(ended_id)
    reader = Reader(stack)
    target = next(node for node in cluster.masters if node is not cluster.owner(slot))
    source = cluster.begin_to_move(slot, target)
    cluster.move_keys(slot, source, target, at_most=2)
    moving = app.refresh(granted.refresh)
    assert (moving.status_code, moving.headers.get("Retry-After")) == (503, "1"), moving.text
    cluster.move_keys(slot, source, target)
    assert actions.introspection(granted.access).status_code == 503, "nobody knows what the target was told"
    assert app.revoke(ended.refresh).status_code == 200, "in another slot"
    cluster.finish_moving(slot, target)
    eventually(lambda: actions.introspection(granted.access).status_code == 200, within=30)
    assert actions.is_active(granted.access)
    refreshed = tokens(app.refresh(granted.refresh))
    assert app.revoke(refreshed.refresh).status_code == 200
    assert [actions.is_active(each.access) for each in (granted, refreshed, ended)] == [False] * 3
    eventually(lambda: reader.request(after=reader.cursor).status_code == 200, within=30)
    assert {grant_id, ended_id} <= {event["grant_id"] for event in reader.news()}, "the reader's place was kept"


@pytest.mark.parametrize("shards", [32, 128])
def test_another_number_of_shards_than_redis_was_filled_with_is_refused_at_the_start_in_one_line(
    cluster: RedisCluster, actions: Actions, shards: int
) -> None:
    assert actions.is_active(actions.app().connect(actions.person()).access)
    settings = {**REQUIRED, "AUTH_REDIS_URL": cluster.url, "AUTH_REDIS_SHARDS": str(shards)}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("gunicorn")), "-c", "auth_service/gunicorn.conf.py", "-b", "127.0.0.1:0"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: AUTH_REDIS_SHARDS is {shards}, but this Redis was filled with 64")


def test_another_number_of_shards_than_redis_was_filled_with_is_503_and_says_what_to_set(
    cluster: RedisCluster, stack: Stack, actions: Actions, tmp_path_factory: pytest.TempPathFactory
) -> None:
    granted = actions.app().connect(actions.person())
    with run_stack(tmp_path_factory.mktemp("other"), cluster.url, redis_shards=32) as other:
        answer = requests.get(f"{other.auth}/health/ready", timeout=60)
        assert answer.status_code == 503
        assert Actions(other).introspection(granted.access).status_code == 503
    assert actions.is_active(granted.access)
    assert error_of(actions.app().refresh(granted.refresh)) == (400, "invalid_grant")
