"""Counting requests, together in Redis and alone in memory; and what happens when Redis is away."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from fit_service.storage.request_counters import Quota, RequestCounters, Use
from tests.support.servers import free_port, real_redis, redis_server

QUOTA = Quota("test", limit=5, window=10_000)


def remaining(*uses: Use) -> list[int]:
    return [use.remaining for use in uses]


@pytest.mark.parametrize("shared", [False, True], ids=["memory", "redis"])
def test_requests_at_once_are_counted_one_by_one(redis_url: str, shared: bool) -> None:
    redis.Redis.from_url(redis_url).flushdb()
    counters = RequestCounters(redis_url if shared else None)
    with ThreadPoolExecutor(8) as threads:
        uses = list(threads.map(lambda _: counters.count(QUOTA, "app", "mo"), range(20)))
    assert sorted(remaining(*uses)) == [0] * 16 + [1, 2, 3, 4]
    assert sum(use.exceeded for use in uses) == 15
    assert counters.count(QUOTA, "app", "ada").remaining == 4
    assert counters.count(Quota("other", 5), "app", "mo").remaining == 4


def test_processes_count_together_in_redis_and_leave_nothing_behind(redis_url: str) -> None:
    store = redis.Redis.from_url(redis_url)
    before = set(store.scan_iter("fit-quota:*"))
    one, other = RequestCounters(redis_url), RequestCounters(redis_url)
    assert remaining(one.count(QUOTA, "zoe"), other.count(QUOTA, "zoe"), one.look(QUOTA, "zoe")) == [4, 3, 3]
    keys = list(set(store.scan_iter("fit-quota:*")) - before)
    assert len(keys) == 1
    assert 0 < store.ttl(keys[0]) <= QUOTA.window


def test_the_quota_is_exceeded_by_the_next_request_not_by_the_last_that_fits() -> None:
    counters = RequestCounters(None)
    assert [counters.count(QUOTA, "mo").exceeded for _ in range(6)] == [False] * 5 + [True]
    assert counters.look(QUOTA, "mo").exceeded


def test_without_redis_each_process_counts_for_itself() -> None:
    counters = RequestCounters(f"redis://127.0.0.1:{free_port()}/0")
    assert [counters.count(QUOTA, "mo").exceeded for _ in range(6)] == [False] * 5 + [True]


def test_redis_is_asked_again_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    monkeypatch.setattr("fit_service.storage.request_counters._DISTRUST", 0.0)
    with real_redis() as url:
        counters = RequestCounters(url)
        counters.count(QUOTA, "mo")
        redis.Redis.from_url(url).client_pause(300)
        assert counters.count(QUOTA, "mo").remaining == 4
        redis.Redis.from_url(url, socket_timeout=2).ping()
        assert counters.count(QUOTA, "mo").remaining in {2, 3}  # the timed-out one may have been counted
