"""The contract of GrantStore: what may be asked for again after a lost answer, and what that is taken for otherwise."""

import pytest

from auth_service.models.tokens import Issued, NotRotated, Replayed
from auth_service.storage import grants
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.holder import KEYS, Holder, grant_key, is_pair
from tests.support.grants_in_redis import grant_fields
from tests.support.polling import eventually


def test_the_same_request_gets_the_same_answer_until_its_successor_was_used(holder: Holder) -> None:
    first = holder.connect()
    second = holder.spend(first.refresh, key="a key")
    for _ in range(3):
        again = holder.spend(first.refresh, key="a key").outcome
        assert isinstance(again, Replayed)
        assert isinstance(second.outcome, Issued)
        assert is_pair(again, second)
        assert (again.expires_at, again.scope) == (second.outcome.expires_at, "read write")
        assert again.issued_at == second.outcome.issued_at
    holder.spend(second.refresh)
    assert holder.spend(first.refresh, key="a key").outcome is NotRotated.REUSED
    assert not holder.is_active(second.access)


def test_a_repetition_writes_nothing(holder: Holder, clients: RedisClients) -> None:
    holder.connect(key="a key")
    key, keys = grant_key(clients, holder), sorted(clients.reads.keys())
    clients.scripts.pexpire(key, 50_000)
    before = grant_fields(clients, grant_key(clients, holder))
    assert isinstance(holder.spend(holder.code, key="a key").outcome, Replayed)
    assert grant_fields(clients, grant_key(clients, holder)) == before
    assert clients.reads.pttl(key) <= 50_000
    assert sorted(clients.reads.keys()) == keys


def test_a_key_stands_for_one_request_only_and_its_misuse_spends_nothing(holder: Holder) -> None:
    first = holder.connect(key="a key")
    assert holder.spend(first.refresh, key="a key").outcome is NotRotated.KEY_MISUSED
    assert holder.spend(holder.code, key="a key", parameters="changed").outcome is NotRotated.KEY_MISUSED
    assert holder.is_active(first.access)
    assert type(holder.spend(first.refresh, key="another key").outcome) is Issued


@pytest.mark.parametrize("key", ["", "another key"])
def test_without_the_first_requests_key_a_repetition_is_reuse(holder: Holder, key: str) -> None:
    holder.connect(key="a key")
    assert holder.spend(holder.code, key=key).outcome is NotRotated.REUSED


def test_a_key_cannot_be_brought_in_afterwards(holder: Holder) -> None:
    holder.connect()
    assert holder.spend(holder.code, key="a key").outcome is NotRotated.REUSED


@pytest.mark.parametrize("refreshes", [True, False])
def test_a_request_may_be_repeated_when_its_access_token_has_run_out(
    store: GrantStore, ends: GrantEnds, *, refreshes: bool
) -> None:
    holder = Holder(store, ends, KEYS, access_lifetime=1)
    spent = holder.spend(holder.code, key="a key", refreshes=refreshes)
    eventually(lambda: not holder.is_active(spent.access))
    again = holder.spend(holder.code, key="a key", refreshes=refreshes).outcome
    assert isinstance(again, Replayed)
    assert again.expires_in == 1  # many clients take 0 for "never"


def test_after_the_replay_window_a_repetition_is_reuse(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    holder.connect(key="a key")
    monkeypatch.setattr(grants, "REPLAY_WINDOW", 0)
    assert holder.spend(holder.code, key="a key").outcome is NotRotated.REUSED
