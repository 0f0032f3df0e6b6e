"""The contract of DeviceAuthorizationStore: who may ask how often, who decides, what is gone when."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.device_authorization import DeviceAuthorization, Poll
from auth_service.storage.device_authorizations import DeviceAuthorizationStore
from auth_service.storage.redis_connection import RedisClients
from tests.support.polling import eventually

CODE, LIFETIME, INTERVAL = "BCDFGHJK", 90, 5


@pytest.fixture
def store(clients: RedisClients) -> DeviceAuthorizationStore:
    return DeviceAuthorizationStore(clients, LIFETIME)


@pytest.fixture
def device(store: DeviceAuthorizationStore) -> DeviceAuthorization:
    """One that waits under CODE."""
    waiting = DeviceAuthorization(new_grant_id(), "tv", ("read", "write"), ("https://api.example/",), "a digest")
    assert store.add(waiting, CODE, INTERVAL)
    return waiting


def poll(store: DeviceAuthorizationStore, device: DeviceAuthorization) -> Poll:
    return store.poll(device.grant_id, device.client_id, device.code_digest)


def key(device: DeviceAuthorization) -> str:
    return f"device:{device.grant_id}"


def test_what_a_device_asked_for_is_found_by_its_user_code(
    store: DeviceAuthorizationStore, device: DeviceAuthorization
) -> None:
    assert store.find(CODE) == device
    assert store.find("CCCCCCCC") is None
    assert LIFETIME - 20 < store.seconds_left(device.grant_id) <= LIFETIME


def test_a_user_code_stands_for_one_device(store: DeviceAuthorizationStore, device: DeviceAuthorization) -> None:
    other = DeviceAuthorization(new_grant_id(), "other", ("read",), ("https://api.example/",), "another digest")
    assert not store.add(other, CODE, INTERVAL)
    assert store.find(CODE) == device
    assert poll(store, other) is Poll.GONE


@pytest.mark.clause("RFC 8628 §3.5")
def test_each_time_it_asks_too_soon_it_has_to_wait_five_seconds_longer(
    store: DeviceAuthorizationStore, device: DeviceAuthorization, clients: RedisClients
) -> None:
    assert poll(store, device) is Poll.PENDING
    for seconds, outcome in ((2, Poll.SLOW_DOWN), (8, Poll.SLOW_DOWN)):
        clients.scripts.hincrby(key(device), "polled_at", -seconds * 1000)
        assert poll(store, device) is outcome
    assert clients.reads.hget(key(device), "interval") == "15"
    for seconds, outcome in ((14, Poll.SLOW_DOWN), (21, Poll.PENDING), (21, Poll.PENDING)):
        clients.scripts.hincrby(key(device), "polled_at", -seconds * 1000)
        assert poll(store, device) is outcome


def test_asking_neither_prolongs_the_wait_nor_writes_anywhere_else(
    store: DeviceAuthorizationStore, device: DeviceAuthorization, clients: RedisClients
) -> None:
    clients.scripts.pexpire(key(device), 30_000)
    before = set(clients.reads.keys())
    poll(store, device)
    poll(store, device)
    assert set(clients.reads.keys()) == before
    assert 0 < clients.reads.pttl(key(device)) <= 30_000


def test_another_client_or_another_code_is_told_nothing_and_counts_for_nothing(
    store: DeviceAuthorizationStore, device: DeviceAuthorization
) -> None:
    assert store.poll(device.grant_id, "thief", device.code_digest) is Poll.WRONG_CLIENT
    assert store.poll(device.grant_id, device.client_id, "another digest") is Poll.WRONG_CLIENT
    assert poll(store, device) is Poll.PENDING


def test_of_many_who_take_it_one_decides(store: DeviceAuthorizationStore, device: DeviceAuthorization) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: store.take(CODE), range(8)))
    assert [found for found in taken if found] == [device]
    assert store.find(CODE) is None
    assert poll(store, device) is Poll.PENDING


@pytest.mark.clause("RFC 8628 §3.5")
def test_a_no_is_told_as_often_as_it_asks(store: DeviceAuthorizationStore, device: DeviceAuthorization) -> None:
    store.deny(device.grant_id)
    assert [poll(store, device) for _ in range(3)] == [Poll.DENIED] * 3


def test_a_no_that_comes_too_late_revives_nothing(
    store: DeviceAuthorizationStore, device: DeviceAuthorization, clients: RedisClients
) -> None:
    clients.scripts.delete(key(device))
    store.deny(device.grant_id)
    assert poll(store, device) is Poll.GONE
    assert clients.reads.exists(key(device)) == 0
    assert (store.take(CODE), store.seconds_left(device.grant_id)) == (None, 0)


def test_when_its_time_is_over_both_keys_are_gone(clients: RedisClients) -> None:
    store = DeviceAuthorizationStore(clients, 1)
    waiting = DeviceAuthorization(new_grant_id(), "tv", ("read",), ("https://api.example/",), "a digest")
    store.add(waiting, CODE, INTERVAL)
    eventually(lambda: poll(store, waiting) is Poll.GONE)
    eventually(lambda: clients.reads.keys() == [])
