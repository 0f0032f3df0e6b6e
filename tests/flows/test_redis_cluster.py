"""The whole life of grants on a Redis Cluster of three masters: nobody who uses it notices that it is one."""

from collections.abc import Iterator

import pytest
import requests

from auth_service.storage.grant_keys import GrantKeys
from tests.support.actions import Actions, error_of, tokens
from tests.support.feed_reader import Reader, jti
from tests.support.redis_cluster import RedisCluster
from tests.support.stack import Stack, run_stack

SHARDS = 64


@pytest.fixture(scope="module")
def stack(redis_cluster: RedisCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(tmp_path_factory.mktemp("cluster"), redis_cluster.url, redis_shards=SHARDS) as running:
        yield running


def connected_on_every_master(actions: Actions, count: int = 12) -> list[object]:
    app, mo = actions.app(), actions.person()
    return [app.connect(mo) for _ in range(count)]


def test_a_grant_on_each_master_begins_rotates_is_introspected_and_ends(stack: Stack) -> None:
    actions = Actions(stack)
    app, mo = actions.app(), actions.person()
    granted, keys, nodes = [], GrantKeys(SHARDS), set()
    while len(nodes) < 3:
        granted.append(app.connect(mo))
        grant_id = actions.introspect(granted[-1].access)["grant_id"]
        nodes.add(stack.parts.redis.node_of(keys.shard(grant_id)).name)
    refreshed = [tokens(app.refresh(each.refresh)) for each in granted]
    assert all(actions.is_active(each.access) for each in refreshed)
    for each in refreshed:
        assert app.revoke(each.refresh).status_code == 200
    assert [actions.is_active(each.access) for each in (*granted, *refreshed)] == [False] * 2 * len(granted)


def test_a_used_refresh_token_ends_its_grant(stack: Stack) -> None:
    actions = Actions(stack)
    app = actions.app()
    first = app.connect(actions.person())
    second = tokens(app.refresh(first.refresh))
    assert error_of(app.refresh(first.refresh)) == (400, "invalid_grant")
    assert not actions.is_active(second.access)


def test_the_feed_tells_of_ends_in_every_shard_once_and_keeps_its_place(stack: Stack) -> None:
    actions = Actions(stack)
    app, mo = actions.app(), actions.person()
    granted = [app.connect(mo) for _ in range(6)]
    reader = Reader(stack)
    for each in granted:
        assert app.revoke(each.access).status_code == 200
    assert sorted(event["jti"] for event in reader.news()) == sorted(jti(each.access) for each in granted)
    assert reader.news() == []


def test_it_is_ready(stack: Stack) -> None:
    answer = requests.get(f"{stack.auth}/health/ready", timeout=60)
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
