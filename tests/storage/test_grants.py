"""The contract of GrantStore: what is spent once, what lives how long, what is gone at once."""

import time
from dataclasses import replace

import pytest

from auth_service.crypto.token_handle import TokenKind, new_grant_id
from auth_service.models.tokens import AccessTokenClaims, Issued, NotRotated, Replayed, RevokedBecause
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.conftest import LOG_LIFETIME
from tests.storage.holder import AUDIENCE, KEPT, KEYS, Holder, grant_key, log_of, own_token
from tests.support.polling import eventually


@pytest.mark.clause("RFC 6749 §4.1.2")
def test_a_code_becomes_tokens_once_and_its_second_use_ends_the_grant(holder: Holder, clients: RedisClients) -> None:
    spent = holder.connect()
    assert holder.is_active(spent.access)
    assert holder.spend(holder.code).outcome is NotRotated.REUSED
    assert not holder.is_active(spent.access)
    assert holder.spend(spent.refresh).outcome is NotRotated.GONE
    assert [entry["because"] for entry in log_of(clients, holder)] == ["reuse"]


def test_ten_rotations_in_a_row_succeed_and_leave_every_access_token_active(holder: Holder) -> None:
    spent, issued = holder.connect(), []
    for _ in range(10):
        spent = holder.spend(spent.refresh)
        assert type(spent.outcome) is Issued
        issued.append(spent.access)
    assert all(holder.is_active(access) for access in issued)


@pytest.mark.clause("RFC 9700 §4.14.2")
@pytest.mark.parametrize("later_uses", [1, 2, 5])
def test_any_earlier_refresh_token_ends_the_grant_however_old_it_is(holder: Holder, later_uses: int) -> None:
    first = newest = holder.connect()
    for _ in range(later_uses):
        newest = holder.spend(newest.refresh)
    assert holder.spend(first.refresh).outcome is NotRotated.REUSED
    assert not holder.is_active(newest.access)
    assert holder.spend(newest.refresh).outcome is NotRotated.GONE


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_a_credential_that_was_never_issued_is_taken_for_theft_whatever_its_generation(
    holder: Holder, generation: int
) -> None:
    spent = holder.connect()
    kind = TokenKind.REFRESH_TOKEN if generation else TokenKind.AUTHORIZATION_CODE
    assert holder.spend(KEYS.make(kind, holder.grant_id, generation)).outcome is NotRotated.REUSED
    assert not holder.is_active(spent.access)


def test_the_outcomes_of_reuse_are_told_to_resource_servers_whole(holder: Holder, clients: RedisClients) -> None:
    holder.connect()
    holder.spend(holder.code)
    assert log_of(clients, holder) == [
        {"grant_id": holder.grant_id, "client_id": "app", "sub": "mo", "aud": " ".join(AUDIENCE), "because": "reuse"}
    ]


@pytest.mark.clause("RFC 6749 §10.4")
def test_another_client_gets_nothing_and_ends_nothing(holder: Holder, clients: RedisClients) -> None:
    spent = holder.connect()
    for credential in (spent.refresh, holder.code):
        assert holder.spend(credential, client_id="thief").outcome is NotRotated.WRONG_CLIENT
    assert log_of(clients, holder) == []
    assert type(holder.spend(spent.refresh).outcome) is Issued


@pytest.mark.clause("RFC 9449 §5")
def test_a_refresh_token_that_was_issued_with_a_proof_needs_its_key_whatever_became_of_it(
    holder: Holder, clients: RedisClients
) -> None:
    first = holder.connect(jkt="a key")
    second = holder.spend(first.refresh, jkt="a key")
    for credential in (first.refresh, second.refresh):
        for wrong in ("another key", ""):
            assert holder.spend(credential, jkt=wrong).outcome is NotRotated.WRONG_KEY
    assert log_of(clients, holder) == []
    assert type(holder.spend(second.refresh, jkt="a key").outcome) is Issued
    assert holder.spend(first.refresh, jkt="a key").outcome is NotRotated.REUSED


@pytest.mark.clause("RFC 9449 §5")
def test_credentials_from_before_the_first_proof_need_no_key_and_their_reuse_ends_the_grant(holder: Holder) -> None:
    first = holder.connect()
    second = holder.spend(first.refresh, jkt="a key")
    assert holder.spend(second.refresh).outcome is NotRotated.WRONG_KEY
    assert holder.spend(first.refresh).outcome is NotRotated.REUSED
    assert not holder.is_active(second.access)


@pytest.mark.clause("RFC 9449 §5")
def test_a_confidential_clients_refresh_tokens_are_not_bound(holder: Holder) -> None:
    spent = holder.connect(jkt="a key", public=False)
    for key in ("another key", "", "a key"):
        spent = holder.spend(spent.refresh, jkt=key, public=False)
        assert type(spent.outcome) is Issued


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
def test_only_a_request_with_the_same_key_is_the_same(holder: Holder, clients: RedisClients) -> None:
    first = holder.connect(public=False)
    second = holder.spend(first.refresh, key="idempotency key", jkt="a key", public=False)
    for other in ("another key", ""):
        outcome = holder.spend(first.refresh, key="idempotency key", jkt=other, public=False).outcome
        assert outcome is NotRotated.KEY_MISUSED
    assert type(holder.spend(first.refresh, key="idempotency key", jkt="a key").outcome) is Replayed
    assert log_of(clients, holder) == []
    assert holder.spend(first.refresh, jkt="a key", public=False).outcome is NotRotated.REUSED
    assert not holder.is_active(second.access)


def test_what_the_codes_request_said_is_remembered_while_the_exchange_may_be_repeated(
    holder: Holder, store: GrantStore
) -> None:
    before = store.find_code_grant(holder.grant_id)
    holder.connect(key="a key")
    assert before is not None
    assert store.find_code_grant(holder.grant_id) == before


def test_then_a_compact_grant_forgets_the_nonce_and_nothing_that_a_second_use_is_held_to(
    holder: Holder, store: GrantStore, *, compact: bool
) -> None:
    before = store.find_code_grant(holder.grant_id)
    spent = holder.connect(key="a key")
    holder.spend(spent.refresh)
    assert before is not None
    assert store.find_code_grant(holder.grant_id) == (replace(before, nonce="") if compact else before)


def test_what_can_not_be_repeated_is_forgotten_at_once(holder: Holder, store: GrantStore, *, compact: bool) -> None:
    holder.connect()
    found = store.find_code_grant(holder.grant_id)
    assert found is not None
    assert bool(found.nonce) is not compact


def test_a_grant_that_never_was_is_gone(holder: Holder) -> None:
    stranger = KEYS.make(TokenKind.REFRESH_TOKEN, new_grant_id(), 3)
    assert holder.spend(stranger).outcome is NotRotated.GONE


def test_a_code_that_is_not_used_in_time_is_gone(store: GrantStore, ends: GrantEnds) -> None:
    holder = Holder(store, ends, KEYS, code_lifetime=1)
    eventually(lambda: store.find_code_grant(holder.grant_id) is None)
    assert holder.spend(holder.code).outcome is NotRotated.GONE


def test_a_code_never_outlives_its_grant(store: GrantStore, ends: GrantEnds, clients: RedisClients) -> None:
    holder = Holder(store, ends, KEYS, code_lifetime=60, grant_lifetime=5)
    assert 0 < clients.reads.pttl(grant_key(clients, holder)) <= 5_000


def test_an_access_token_expires_alone(store: GrantStore, ends: GrantEnds) -> None:
    holder = Holder(store, ends, KEYS, access_lifetime=1)
    spent = holder.connect()
    eventually(lambda: not holder.is_active(spent.access))
    assert type(holder.spend(spent.refresh).outcome) is Issued


def test_an_unused_refresh_token_is_gone_after_the_idle_lifetime(store: GrantStore, ends: GrantEnds) -> None:
    holder = Holder(store, ends, KEYS, access_lifetime=1, idle_lifetime=1)
    spent = holder.connect()
    eventually(lambda: not holder.is_active(spent.access))
    eventually(lambda: store.find_code_grant(holder.grant_id) is None)
    assert holder.spend(spent.refresh).outcome is NotRotated.GONE


def test_each_use_begins_the_idle_lifetime_anew(holder: Holder, clients: RedisClients) -> None:
    spent = holder.connect()
    key = grant_key(clients, holder)
    clients.scripts.pexpire(key, 50_000)
    holder.spend(spent.refresh)
    assert holder.idle_lifetime * 1000 - 20_000 < clients.reads.pttl(key) <= holder.idle_lifetime * 1000


def test_nothing_outlives_the_grant_however_much_it_is_used(
    store: GrantStore, ends: GrantEnds, clients: RedisClients, *, compact: bool
) -> None:
    holder = Holder(store, ends, KEYS, grant_lifetime=100, access_lifetime=600, idle_lifetime=1800)
    ends_at = time.time() + 100
    spent = holder.connect()
    for _ in range(3):
        assert isinstance(spent.outcome, Issued)
        assert spent.outcome.expires_at <= ends_at + 1
        assert spent.outcome.expires_in <= 100
        spent = holder.spend(spent.refresh)
    keys = clients.reads.keys(f"*{holder.grant_id}*")
    assert len(keys) == (5 if compact else 6)  # the grant, four tokens, and where they were got
    assert all(0 < clients.reads.pttl(key) <= 100_000 for key in keys)


def test_the_answer_tells_the_expiry_that_redis_holds(holder: Holder, clients: RedisClients) -> None:
    spent = holder.connect()
    record = holder.store.find_access_token(spent.access)
    (key,) = clients.reads.keys(f"at:*{spent.access.digest}")
    assert isinstance(spent.outcome, Issued)
    assert record is not None
    assert (record.issued_at, record.expires_at) == (spent.outcome.now, spent.outcome.expires_at)
    assert spent.outcome.expires_in == holder.access_lifetime
    assert abs(clients.reads.pttl(key) - holder.access_lifetime * 1000) < 20_000


@pytest.mark.clause("RFC 7009 §2.1")
def test_a_revoked_grant_takes_every_token_with_it_and_says_so(holder: Holder, clients: RedisClients) -> None:
    first = holder.connect()
    second = holder.spend(first.refresh)
    holder.revoke()
    assert not holder.is_active(first.access)
    assert not holder.is_active(second.access)
    assert holder.spend(second.refresh).outcome is NotRotated.GONE
    assert [entry["because"] for entry in log_of(clients, holder)] == ["person"]


def test_a_revocation_of_what_is_gone_is_told_again(holder: Holder, clients: RedisClients) -> None:
    holder.revoke()
    holder.revoke(RevokedBecause.OPERATOR)
    assert [entry["because"] for entry in log_of(clients, holder)] == ["person", "operator"]


def test_an_access_token_can_be_revoked_alone(holder: Holder, clients: RedisClients) -> None:
    first = holder.connect()
    second = holder.spend(first.refresh)
    holder.revoke_access_token(first.access)
    assert not holder.is_active(first.access)
    assert holder.is_active(second.access)
    assert [entry.get("jti") for entry in log_of(clients, holder)] == [first.access.digest]
    assert type(holder.spend(second.refresh).outcome) is Issued


def test_widening_a_grant_does_not_widen_a_token(holder: Holder) -> None:
    spent = holder.connect(scope="read")
    record = holder.store.find_access_token(spent.access)
    assert record is not None
    assert record.claims == AccessTokenClaims("app", "mo", "mo's name", AUDIENCE, "read")


def test_one_grants_access_token_is_not_anothers(holder: Holder, store: GrantStore, ends: GrantEnds) -> None:
    spent, other = holder.connect(), Holder(store, ends, KEYS)
    assert store.find_access_token(replace(spent.access, grant_id=other.grant_id)) is None


def test_every_key_has_an_end(store: GrantStore, ends: GrantEnds, clients: RedisClients, *, compact: bool) -> None:
    for number in range(12):
        holder = Holder(store, ends, KEYS)
        spent = holder.spend(holder.connect().refresh, key="a key")
        own_token(store, new_grant_id(), 600)
        if number % 3 == 0:
            holder.spend(holder.code)
        elif number % 3 == 1:
            holder.revoke()
        else:
            holder.revoke_access_token(spent.access)
    keys = list(clients.reads.scan_iter())
    assert {key.split(":")[0] for key in keys} == {"grant", "at", "revocations"} | (set() if compact else {"uses"})
    assert {key for key in keys if clients.reads.pttl(key) <= 0} == set()
    logs = [key for key in keys if key.startswith("revocations")]
    assert all(clients.reads.pttl(key) <= LOG_LIFETIME * 1000 for key in logs)


def test_no_key_or_value_holds_a_token(holder: Holder, clients: RedisClients, *, compact: bool) -> None:
    spent = holder.connect()
    held: list[object] = []
    for key in clients.reads.scan_iter():
        held += [key, clients.reads.get(key) if compact else clients.reads.hgetall(key)]
    for handle in (holder.code, spent.access, spent.refresh):
        assert handle.text not in str(held)
        assert handle.secret.hex() not in str(held)
    assert spent.refresh.digest[:KEPT] in str(held)
