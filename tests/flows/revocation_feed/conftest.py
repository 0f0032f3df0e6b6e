"""Readers of the feed, on every kind of Redis."""

from typing import Any

import pytest

from tests.support.actions import Actions
from tests.support.feed_reader import Reader
from tests.support.redis_sentinels import Sentinels
from tests.support.servers import fake_redis, real_redis, redis_server
from tests.support.stack import Stack, run_stack


@pytest.fixture
def reader(actions: Actions) -> Reader:
    return Reader(actions.stack)


KINDS = ["one shard", "the embedded Redis", "a cluster"]
LONGER = [pytest.param(each, marks=pytest.mark.torture) for each in ("three shards", "Sentinels")]
"""A cluster has shards, too."""


@pytest.fixture(scope="module", params=[*KINDS, *LONGER])
def any_stack(request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("feed")
    if request.param == "the embedded Redis":
        with fake_redis() as url, run_stack(folder, url) as running:
            yield running
    elif request.param == "three shards":
        if redis_server() is None:
            pytest.skip("needs redis-server")
        with real_redis() as url, run_stack(folder, url, redis_shards=3) as running:
            yield running
    elif request.param == "a cluster":
        cluster = request.getfixturevalue("redis_cluster")
        with run_stack(folder, cluster.url, redis_shards=64) as running:
            yield running
    elif request.param == "Sentinels":
        if redis_server() is None:
            pytest.skip("needs redis-server")
        with Sentinels.running() as sentinels, run_stack(folder, sentinels.url) as running:
            yield running
    else:
        with run_stack(folder, redis_url) as running:
            yield running


@pytest.fixture
def anywhere(any_stack: Stack) -> Actions:
    any_stack.forget_failures()
    return Actions(any_stack)
