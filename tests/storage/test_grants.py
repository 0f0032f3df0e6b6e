"""The contract of GrantStore: what is spent once, what lives how long, what is gone at once."""

import time

import pytest

from auth_service.crypto.token_handle import TokenKeyRing, TokenKind, new_grant_id
from auth_service.models.ending import EndedGrant
from auth_service.models.tokens import AccessTokenClaims, Issued, NotRotated, Replayed, RevokedBecause
from auth_service.storage import grants
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_keys import log_key
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.conftest import LOG_LIFETIME
from tests.storage.holder import AUDIENCE, Holder
from tests.support.polling import eventually
from tests.support.told_redis import SHARDS

KEYS = TokenKeyRing([b"k" * 32])


def log_of(clients: RedisClients, holder: Holder) -> list[dict[str, str]]:
    """What resource servers will hear of the grant, oldest first."""
    entries = clients.reads.xrange(log_key(int(holder.grant_id, 16) % SHARDS))
    return [fields for _, fields in entries if fields["grant_id"] == holder.grant_id]


def grant_key(clients: RedisClients, holder: Holder) -> str:
    (key,) = clients.reads.keys(f"grant:*:{holder.grant_id}")
    return str(key)


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
    third = holder.spend(second.refresh, jkt="a key", public=False)
    assert type(holder.spend(second.refresh, jkt="a key", grace_period=30).outcome) is Replayed
    assert log_of(clients, holder) == []
    assert holder.spend(second.refresh, jkt="another key", grace_period=30).outcome is NotRotated.REUSED
    assert not holder.is_active(third.access)


def test_what_the_codes_request_said_is_remembered_after_the_code_was_spent(holder: Holder, store: GrantStore) -> None:
    before = store.find_code_grant(holder.grant_id)
    holder.connect()
    assert before is not None
    assert store.find_code_grant(holder.grant_id) == before


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
    store: GrantStore, ends: GrantEnds, clients: RedisClients
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
    assert len(keys) == 5
    assert all(0 < clients.reads.pttl(key) <= 100_000 for key in keys)


def test_the_answer_tells_the_expiry_that_redis_holds(holder: Holder, clients: RedisClients) -> None:
    spent = holder.connect()
    record = holder.store.find_access_token(holder.grant_id, spent.access.digest)
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
    record = holder.store.find_access_token(holder.grant_id, spent.access.digest)
    assert record is not None
    assert record.claims == AccessTokenClaims("app", "mo", "mo's name", AUDIENCE, "read")


def test_one_grants_access_token_is_not_anothers(holder: Holder, store: GrantStore, ends: GrantEnds) -> None:
    spent, other = holder.connect(), Holder(store, ends, KEYS)
    assert store.find_access_token(other.grant_id, spent.access.digest) is None


def test_the_same_request_gets_the_same_answer_until_its_successor_was_used(holder: Holder) -> None:
    first = holder.connect()
    second = holder.spend(first.refresh, key="a key")
    for _ in range(3):
        again = holder.spend(first.refresh, key="a key").outcome
        assert isinstance(again, Replayed)
        assert isinstance(second.outcome, Issued)
        assert (again.access_digest, again.refresh_digest) == (second.access.digest, second.refresh.digest)
        assert (again.expires_at, again.scope) == (second.outcome.expires_at, "read write")
        assert again.issued_at == second.outcome.issued_at
    holder.spend(second.refresh)
    assert holder.spend(first.refresh, key="a key").outcome is NotRotated.REUSED
    assert not holder.is_active(second.access)


def test_a_repetition_writes_nothing(holder: Holder, clients: RedisClients) -> None:
    holder.connect(key="a key")
    key, keys = grant_key(clients, holder), sorted(clients.reads.keys())
    clients.scripts.pexpire(key, 50_000)
    before = clients.reads.hgetall(key)
    assert isinstance(holder.spend(holder.code, key="a key").outcome, Replayed)
    assert clients.reads.hgetall(key) == before
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


def test_grace_lets_a_client_without_a_key_repeat_and_nobody_with_a_new_one(holder: Holder) -> None:
    first = holder.connect()
    assert isinstance(holder.spend(holder.code, grace_period=60).outcome, Replayed)
    assert holder.spend(holder.code, grace_period=60, key="a key").outcome is NotRotated.REUSED
    assert not holder.is_active(first.access)


def own_token(store: GrantStore, grant_id: str, lifetime: int) -> tuple[bool, str]:
    """A client gets a token for itself: whether SQL has to be asked about the client, and the token's digest."""
    token = KEYS.make(TokenKind.ACCESS_TOKEN, grant_id, 0)
    claims = AccessTokenClaims("app", "app", None, AUDIENCE, "read")
    issued = store.issue_client_token(grant_id, token.digest, claims, ("read", "write"), AUDIENCE, 0, lifetime)
    assert issued is not None
    assert issued.expires_in == lifetime
    if not issued.confirmed:
        store.confirm_client(grant_id, issued.born)
    return not issued.confirmed, token.digest


@pytest.mark.clause("RFC 6749 §4.4")
def test_a_clients_own_tokens_share_one_grant_that_lives_as_long_as_the_last(
    store: GrantStore, clients: RedisClients
) -> None:
    grant_id = new_grant_id()
    assert own_token(store, grant_id, 600)[0] is True
    assert own_token(store, grant_id, 30)[0] is False
    (key,) = clients.reads.keys(f"grant:*:{grant_id}")
    assert 500_000 < clients.reads.pttl(key) <= 600_000


def test_ending_a_clients_own_grant_ends_all_its_tokens(store: GrantStore, ends: GrantEnds) -> None:
    grant_id = new_grant_id()
    digests = [own_token(store, grant_id, 600)[1] for _ in range(3)]
    assert all(store.find_access_token(grant_id, digest) for digest in digests)
    ends.revoke_grants([EndedGrant(grant_id, "app", "app", AUDIENCE, RevokedBecause.CLIENT_DELETED)])
    assert not any(store.find_access_token(grant_id, digest) for digest in digests)
    assert own_token(store, grant_id, 600)[0] is True
    assert not any(store.find_access_token(grant_id, digest) for digest in digests)


def test_a_clients_tokens_from_before_their_grant_had_a_birth_live_and_die_with_it(
    store: GrantStore, ends: GrantEnds, clients: RedisClients
) -> None:
    """As the release before stored them."""
    grant_id = new_grant_id()
    digests = [own_token(store, grant_id, 600)[1]]
    for key in clients.reads.keys(f"*:{grant_id}*"):
        clients.scripts.hdel(key, "born", "confirmed", "narrowings")
    digests.append(own_token(store, grant_id, 600)[1])
    assert all(store.find_access_token(grant_id, digest) for digest in digests)
    ends.revoke_grants([EndedGrant(grant_id, "app", "app", AUDIENCE, RevokedBecause.CLIENT_DELETED)])
    digests.append(own_token(store, grant_id, 600)[1])
    assert [bool(store.find_access_token(grant_id, digest)) for digest in digests] == [False, False, True]


def test_what_the_release_before_issues_during_an_update_is_good_and_ends_with_its_grant(
    store: GrantStore, ends: GrantEnds, clients: RedisClients
) -> None:
    """Its processes know of no births, and use the grants of those that do."""
    grant_id = new_grant_id()
    digests = [own_token(store, grant_id, 600)[1] for _ in range(3)]
    (grant_key,) = clients.reads.keys(f"grant:*:{grant_id}")
    birth = int(clients.reads.hget(grant_key, "born").partition(".")[0])
    for digest, later in zip(digests, (-1, 0, 1), strict=True):
        (key,) = clients.reads.keys(f"at:*:{digest}")
        clients.scripts.hdel(key, "born")
        clients.scripts.hset(key, "issued_at", birth + later)
    assert [bool(store.find_access_token(grant_id, digest)) for digest in digests] == [False, False, True]
    ends.revoke_grants([EndedGrant(grant_id, "app", "app", AUDIENCE, RevokedBecause.CLIENT_DELETED)])
    assert not any(store.find_access_token(grant_id, digest) for digest in digests)


def test_every_key_has_an_end(store: GrantStore, ends: GrantEnds, clients: RedisClients) -> None:
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
    assert {key.split(":")[0] for key in keys} == {"grant", "at", "revocations"}
    assert {key for key in keys if clients.reads.pttl(key) <= 0} == set()
    logs = [key for key in keys if key.startswith("revocations")]
    assert all(clients.reads.pttl(key) <= LOG_LIFETIME * 1000 for key in logs)


def test_no_key_or_value_holds_a_token(holder: Holder, clients: RedisClients) -> None:
    spent = holder.connect()
    held: list[object] = []
    for key in clients.reads.scan_iter():
        held += [key, clients.reads.hgetall(key)]
    for handle in (holder.code, spent.access, spent.refresh):
        assert handle.text not in str(held)
        assert handle.secret.hex() not in str(held)
    assert spent.refresh.digest in str(held)
