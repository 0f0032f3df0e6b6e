"""The contract of ReplayCache: one yes per holder and jti, and nothing that stays for ever."""

import threading
from collections import Counter

from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.replay_cache import ReplayCache
from tests.support.polling import eventually


def test_the_first_use_is_told_from_all_others(clients: RedisClients) -> None:
    cache = ReplayCache(clients)
    uses = [
        ("a", "holder", "jti"),
        ("a", "holder", "jti"),
        ("b", "holder", "jti"),
        ("a", "other", "jti"),
        ("a", "h", "x"),
    ]
    assert [cache.use_once(*use, 60) for use in uses] == [True, False, True, True, True]


def test_of_parallel_uses_one_is_the_first(clients: RedisClients) -> None:
    cache, answers, start = ReplayCache(clients), Counter[bool](), threading.Barrier(8)

    def use() -> None:
        start.wait()
        answers[cache.use_once("a", "holder", "jti", 60)] += 1

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {True: 1, False: 7}


def test_a_use_is_remembered_as_long_as_was_said_and_under_a_digest(clients: RedisClients) -> None:
    cache = ReplayCache(clients)
    cache.use_once("a", "holder", "a-jti-in-clear", 59.2)
    [key] = clients.reads.keys("used:*")
    assert 55 < clients.reads.ttl(key) <= 60
    assert "a-jti-in-clear" not in str(key)
    cache.use_once("a", "holder", "another", 0.1)
    eventually(lambda: cache.use_once("a", "holder", "another", 60))
