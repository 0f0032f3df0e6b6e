"""The contract of GrantStore: what a grant remembers of where its credentials were spent."""

import re

import pytest
from redis.exceptions import OutOfMemoryError

from auth_service.models.tokens import Issued
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import USES_KEPT, GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.holder import KEYS, Holder, grant_key, stores
from tests.support.grants_in_redis import grant_fields
from tests.support.told_redis import SHARDS, connect_told


def test_each_use_is_noted_with_its_generation_its_network_and_its_program(holder: Holder, store: GrantStore) -> None:
    spent = holder.spend(holder.code, network="192.0.2.0/24", program="Firefox on Linux")
    holder.spend(spent.refresh)
    first, second = store.uses(holder.grant_id)
    assert type(spent.outcome) is Issued
    assert (first.generation, first.network, first.program) == (0, "192.0.2.0/24", "Firefox on Linux")
    assert (second.generation, second.network, second.program) == (1, "", "")
    assert spent.outcome.issued_at == first.at <= second.at


def test_the_first_use_and_the_last_twenty_are_kept(holder: Holder, store: GrantStore) -> None:
    spent = holder.connect()
    for number in range(1, USES_KEPT + 6):
        spent = holder.spend(spent.refresh, program=f"app {number}")
    uses = store.uses(holder.grant_id)
    assert [use.generation for use in uses] == [0, *range(6, USES_KEPT + 6)]
    assert [use.program for use in uses[1:]] == [f"app {number}" for number in range(6, USES_KEPT + 6)]


def test_what_is_refused_or_repeated_is_no_use(holder: Holder, store: GrantStore) -> None:
    spent = holder.connect()
    holder.spend(spent.refresh, key="a key")
    before = store.uses(holder.grant_id)
    holder.spend(spent.refresh, key="a key", program="the same again")
    holder.spend(spent.refresh, client_id="thief", program="a thief")
    assert store.uses(holder.grant_id) == before
    assert [use.generation for use in before] == [0, 1]


def test_uses_outlive_the_end_of_their_grant_but_not_its_time(ends: GrantEnds, clients: RedisClients) -> None:
    """Those of compact grants don't: they are in SQL before such a grant ends because of a reuse (tokens/reuse.py)."""
    store = GrantStore(clients, shards=SHARDS, compact=False)
    holder = Holder(store, ends, KEYS)
    spent = holder.connect()
    holder.spend(spent.refresh)
    key = grant_key(clients, holder)
    expires_at = clients.reads.pexpiretime(key)
    holder.revoke()
    assert [use.generation for use in store.uses(holder.grant_id)] == [0, 1]
    assert clients.reads.pexpiretime(key.replace("grant:", "uses:")) == expires_at


def test_in_a_full_redis_neither_a_credential_is_spent_nor_its_use_noted(real_redis_url: str, *, compact: bool) -> None:
    """What a script has begun to write it may end: so the use comes after all else and can't fail alone."""
    clients = connect_told(real_redis_url)
    store, ends = stores(clients, SHARDS, 90, compact=compact)
    holder = Holder(store, ends, KEYS)
    spent = holder.connect()
    clients.scripts.config_set("maxmemory", "1")
    try:
        with pytest.raises(OutOfMemoryError):
            holder.spend(spent.refresh)
        with pytest.raises(OutOfMemoryError):
            Holder(store, ends, KEYS)  # nor is a code given
    finally:
        clients.scripts.config_set("maxmemory", "0")
    assert [use.generation for use in store.uses(holder.grant_id)] == [0]
    assert type(holder.spend(spent.refresh).outcome) is Issued


def test_no_use_is_longer_than_what_redis_packs(clients: RedisClients, ends: GrantEnds) -> None:
    """So the uses of a grant that is a hash take one kilobyte and not three."""
    holder = Holder(GrantStore(clients, shards=SHARDS, compact=False), ends, KEYS)
    spent = holder.connect(network="ffff:ffff:ffff::/48", program="Firefox on Windows")
    for _ in range(USES_KEPT + 1):
        spent = holder.spend(spent.refresh, network="ffff:ffff:ffff::/48", program="p" * 20)
    (key,) = clients.reads.keys(f"uses:*:{holder.grant_id}")
    uses = clients.reads.hgetall(key)
    assert len(uses) == USES_KEPT + 1
    assert max(map(len, uses.values())) <= 64


def test_what_a_compact_grant_remembers_of_one_place_is_short(clients: RedisClients, ends: GrantEnds) -> None:
    holder = Holder(GrantStore(clients, shards=SHARDS, compact=True), ends, KEYS)
    place = {"network": "ffff:ffff:ffff::/48", "program": "Firefox on Windows"}
    spent = holder.connect(**place)
    for _ in range(USES_KEPT + 5):
        spent = holder.spend(spent.refresh, **place)
    uses = grant_fields(clients, grant_key(clients, holder))["uses"]
    assert re.fullmatch(r"6 [0-9]{10}(,[0-9]{1,4}){19} =", uses)


def test_uses_of_a_compact_grant_are_in_their_order_whatever_place_they_came_from(
    clients: RedisClients, ends: GrantEnds
) -> None:
    store = GrantStore(clients, shards=SHARDS, compact=True)
    holder = Holder(store, ends, KEYS)
    places = [("", ""), ("192.0.2.0/24", "okhttp"), ("192.0.2.0/24", "okhttp"), ("", "okhttp"), ("192.0.2.0/24", "")]
    spent = holder.connect(network="192.0.2.0/24", program="okhttp")
    for number in range(1, 2 * USES_KEPT + 2):
        network, program = places[number % len(places)]
        spent = holder.spend(spent.refresh, network=network, program=program)
        found = store.uses(holder.grant_id)
        newest = range(max(1, number - USES_KEPT + 1), number + 1)
        assert [use.generation for use in found] == [0, *newest]
        assert [(use.network, use.program) for use in found[1:]] == [places[each % len(places)] for each in newest]
        assert [use.at for use in found] == sorted(use.at for use in found)
        assert isinstance(spent.outcome, Issued)
        assert found[-1].at == spent.outcome.issued_at
