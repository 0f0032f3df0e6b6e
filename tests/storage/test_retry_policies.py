"""The contract of GrantStore for clients whose policy is until-used: a lost answer needs no Idempotency-Key.

`tests/state_models/rotation.py` explores these rules in every order.
"""

import time

import pytest

from auth_service.models.tokens import Issued, NotRotated, Replayed, Retry
from auth_service.storage import grants
from auth_service.storage.redis_connection import RedisClients
from tests.storage.holder import Holder, Spent, grant_key, is_pair
from tests.support.grants_in_redis import grant_fields, put_back

BOTH = pytest.mark.parametrize("retry", [Retry.UNPROVEN, Retry.PROVEN])


def spend(holder: Holder, spent: Spent, retry: Retry, **others: str) -> Spent:
    return holder.spend(spent.refresh, retry=retry, **others)  # type: ignore[arg-type]


def outcome(holder: Holder, spent: Spent, retry: Retry, **others: str) -> Issued | Replayed | NotRotated:
    return spend(holder, spent, retry, **others).outcome


@pytest.fixture
def no_longer_young(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """All that is counted in seconds has passed."""
    monkeypatch.setattr(grants, "UNUSED_WINDOW", 0)
    monkeypatch.setattr(grants, "USED_WINDOW", 0)
    return monkeypatch


@BOTH
def test_while_a_pair_is_unused_its_predecessor_gets_the_identical_one_and_nothing_is_written(
    holder: Holder, clients: RedisClients, retry: Retry
) -> None:
    first = holder.connect()
    second = spend(holder, first, retry)
    before = grant_fields(clients, grant_key(clients, holder))
    for _ in range(3):
        again = outcome(holder, first, retry)
        assert isinstance(again, Replayed)
        assert is_pair(again, second)
    assert grant_fields(clients, grant_key(clients, holder)) == before
    assert isinstance(outcome(holder, second, retry), Issued)


def test_without_the_policy_it_is_reuse(holder: Holder) -> None:
    first = holder.connect()
    second = spend(holder, first, Retry.UNPROVEN)  # also if the policy was another one when the pair was made
    assert outcome(holder, first, Retry.NEVER) is NotRotated.REUSED
    assert not holder.is_active(second.access)


@BOTH
def test_a_policy_that_comes_later_forgives_nothing_that_was_before(holder: Holder, retry: Retry) -> None:
    first = holder.connect()
    second = spend(holder, first, Retry.NEVER)
    assert outcome(holder, first, retry) is NotRotated.REUSED
    assert not holder.is_active(second.access)


def test_a_pair_is_used_when_its_access_token_was_looked_at(holder: Holder, clients: RedisClients) -> None:
    first = holder.connect()
    second = spend(holder, first, Retry.UNPROVEN)
    assert holder.is_active(second.access)
    used = grant_fields(clients, grant_key(clients, holder))
    assert "unused" not in used
    assert abs(int(used["used_at"]) / 1000 - time.time()) < 60
    assert holder.is_active(second.access)
    assert grant_fields(clients, grant_key(clients, holder)) == used  # one write per rotation


def test_a_pair_is_used_when_its_refresh_token_was_looked_at(holder: Holder, clients: RedisClients) -> None:
    first = holder.connect()
    second = spend(holder, first, Retry.UNPROVEN)
    for other in (holder.code, first.refresh, first.access):
        holder.store.note_use(holder.grant_id, other.digest)
    assert "unused" in grant_fields(clients, grant_key(clients, holder))
    holder.store.note_use(holder.grant_id, second.refresh.digest)
    assert "unused" not in grant_fields(clients, grant_key(clients, holder))


def test_a_pair_is_used_when_its_access_token_was_revoked(holder: Holder, clients: RedisClients) -> None:
    first = holder.connect()
    second = spend(holder, first, Retry.UNPROVEN)
    holder.revoke_access_token(first.access)
    assert "unused" in grant_fields(clients, grant_key(clients, holder))
    holder.revoke_access_token(second.access)
    assert "unused" not in grant_fields(clients, grant_key(clients, holder))
    assert outcome(holder, first, Retry.UNPROVEN) is NotRotated.TOO_SOON


def test_of_a_pair_that_was_just_used_only_a_client_that_proves_itself_gets_the_identical_one(holder: Holder) -> None:
    first = holder.connect()
    second = spend(holder, first, Retry.PROVEN)
    assert holder.is_active(second.access)
    assert isinstance(outcome(holder, first, Retry.PROVEN), Replayed)
    assert outcome(holder, first, Retry.UNPROVEN) is NotRotated.TOO_SOON
    assert holder.is_active(second.access)  # nothing ended
    assert isinstance(outcome(holder, second, Retry.PROVEN), Issued)


@BOTH
@pytest.mark.usefixtures("no_longer_young")
def test_a_moment_after_a_pair_was_used_its_predecessor_is_reuse(holder: Holder, retry: Retry) -> None:
    first = holder.connect()
    second = spend(holder, first, retry)
    assert holder.is_active(second.access)
    assert outcome(holder, first, retry) is NotRotated.REUSED
    assert not holder.is_active(second.access)


def test_an_unused_pair_is_given_to_a_client_that_proves_itself_without_an_end(
    holder: Holder, no_longer_young: pytest.MonkeyPatch
) -> None:
    first = holder.connect()
    spend(holder, first, Retry.PROVEN)
    assert isinstance(outcome(holder, first, Retry.PROVEN), Replayed)
    no_longer_young.setattr(grants, "USED_WINDOW", 10)
    assert outcome(holder, first, Retry.UNPROVEN) is NotRotated.TOO_SOON  # to others not; for a moment, nothing ends
    no_longer_young.setattr(grants, "USED_WINDOW", 0)
    assert outcome(holder, first, Retry.UNPROVEN) is NotRotated.REUSED


@BOTH
def test_the_seconds_after_a_use_do_not_begin_with_the_rotation(
    holder: Holder, clients: RedisClients, retry: Retry
) -> None:
    first = holder.connect()
    second = spend(holder, first, retry)
    put_back(clients, grant_key(clients, holder), "rotated_at", 15_000)  # longer ago than a use is remembered
    assert holder.is_active(second.access)
    assert outcome(holder, first, retry) is not NotRotated.REUSED


@BOTH
def test_a_request_that_asks_for_something_else_gets_nothing_and_ends_nothing(holder: Holder, retry: Retry) -> None:
    first = holder.connect()
    second = spend(holder, first, retry)
    assert outcome(holder, first, retry, parameters="others") is NotRotated.OTHER_REQUEST
    assert outcome(holder, first, retry, jkt="another key") is NotRotated.OTHER_REQUEST
    assert holder.is_active(second.access)


@BOTH
def test_of_what_came_before_the_predecessor_everything_is_reuse(holder: Holder, retry: Retry) -> None:
    first = holder.connect()
    second = spend(holder, first, retry)
    third = spend(holder, second, retry)
    assert outcome(holder, first, retry) is NotRotated.REUSED
    assert not holder.is_active(third.access)


def test_each_rotation_begins_unused_whatever_the_one_before_was(holder: Holder, clients: RedisClients) -> None:
    first = holder.connect()
    second = spend(holder, first, Retry.PROVEN)
    assert holder.is_active(second.access)
    third = spend(holder, second, Retry.PROVEN)
    state = grant_fields(clients, grant_key(clients, holder))
    assert ("unused" in state, "used_at" in state) == (True, False)
    spend(holder, third, Retry.NEVER)
    assert not {"unused", "used_at"} & set(grant_fields(clients, grant_key(clients, holder)))
