"""The contract of GrantEnds.narrow_grants: what is taken from a grant is gone from its tokens at once, and for good."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from auth_service.crypto.token_handle import TokenHandle, TokenKind, new_grant_id
from auth_service.models.ending import EndedGrant, NarrowedGrant
from auth_service.models.tokens import AccessTokenClaims, Issued, RevokedBecause
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.conftest import LOG_LIFETIME
from tests.storage.holder import AUDIENCE, KEYS, Holder, grant_key, log_of, stores
from tests.support.grants_in_redis import grant_fields
from tests.support.lossy_redis import LossyRedis
from tests.support.told_redis import connect_told

ROUNDS = 15


def narrow(holder: Holder, *scopes: str, audience: tuple[str, ...] = AUDIENCE) -> None:
    holder.ends.narrow_grants([NarrowedGrant(holder.grant_id, scopes, audience)])


def good_for(holder: Holder, access: TokenHandle) -> str | None:
    """The scope that introspection would tell; None of a token that is not active."""
    record = holder.store.find_access_token(access)
    return record.claims.scope if record else None


def test_what_is_taken_from_a_grant_is_gone_from_each_of_its_tokens(holder: Holder) -> None:
    both = holder.connect()
    reading = holder.spend(both.refresh, scope="read")
    writing = holder.spend(reading.refresh, scope="write")
    narrow(holder, "read")
    assert [good_for(holder, each.access) for each in (both, reading, writing)] == ["read", "read", None]
    later = holder.spend(writing.refresh)
    assert type(later.outcome) is Issued
    assert good_for(holder, later.access) == "read"


def test_a_resource_server_of_which_nothing_is_left_is_in_no_audience(holder: Holder) -> None:
    spent = holder.connect()
    narrow(holder, "read", audience=("https://another.example/",))
    record = holder.store.find_access_token(spent.access)
    assert record is not None
    assert record.claims.aud == ()


def test_nothing_brings_back_what_was_taken(holder: Holder, clients: RedisClients) -> None:
    spent = holder.connect()
    narrow(holder, "read")
    for scopes in (("read", "write"), ("write", "read", "more"), ("read",)):
        narrow(holder, *scopes)
    assert good_for(holder, spent.access) == "read"
    assert grant_fields(clients, grant_key(clients, holder))["scopes"] == "read"
    narrow(holder, "write")
    assert good_for(holder, spent.access) is None


def test_resource_servers_are_told_once_what_is_left_also_those_of_which_nothing_is(
    holder: Holder, clients: RedisClients
) -> None:
    holder.connect()
    for _ in range(3):
        narrow(holder, "write", audience=())
    told = {"grant_id": holder.grant_id, "client_id": "app", "sub": "mo", "aud": " ".join(AUDIENCE), "scope": "write"}
    assert log_of(clients, holder) == [told]


def test_the_end_is_told_to_all_that_could_have_heard_of_the_grant_whatever_sql_knows_of_them(
    holder: Holder, clients: RedisClients
) -> None:
    holder.connect()
    holder.ends.revoke_grants([EndedGrant(holder.grant_id, "app", "mo", (), RevokedBecause.PERSON)])
    assert [entry["aud"] for entry in log_of(clients, holder)] == [" ".join(AUDIENCE)]


def test_a_grant_that_has_gone_is_not_revived(holder: Holder, clients: RedisClients) -> None:
    holder.revoke()
    narrow(holder, "read")
    holder.ends.narrow_grants([NarrowedGrant(new_grant_id(), ("read",), AUDIENCE)])
    assert clients.reads.keys("grant:*") == []
    assert [entry.get("scope") for entry in log_of(clients, holder)] == [None]


def test_it_lives_no_longer_than_before(holder: Holder, clients: RedisClients) -> None:
    holder.connect()
    key = grant_key(clients, holder)
    clients.scripts.pexpire(key, 50_000)
    narrow(holder, "read")
    assert 40_000 < clients.reads.pttl(key) <= 50_000
    (log,) = clients.reads.keys("revocations:*")
    assert 0 < clients.reads.pttl(log) <= LOG_LIFETIME * 1000


def test_a_refresh_at_the_same_moment_gets_no_more_than_is_left(store: GrantStore, ends: GrantEnds) -> None:
    together = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        for number in range(ROUNDS):
            racing = Holder(store, ends, KEYS)
            first = racing.connect()

            def refresh(racing: Holder = racing, token: TokenHandle = first.refresh) -> TokenHandle:
                together.wait(60)
                spent = racing.spend(token)
                assert type(spent.outcome) is Issued
                return spent.access

            refreshed = threads.submit(refresh)
            together.wait(60)
            left = "read" if number % 2 else "write"
            narrow(racing, left)
            assert [good_for(racing, access) for access in (first.access, refreshed.result())] == [left, left]


def test_of_two_at_the_same_moment_both_count(store: GrantStore, ends: GrantEnds) -> None:
    with ThreadPoolExecutor(2) as threads:
        for _ in range(ROUNDS):
            racing = Holder(store, ends, KEYS)
            spent = racing.connect()
            list(threads.map(lambda scope, racing=racing: narrow(racing, scope), ("read", "write")))
            assert good_for(racing, spent.access) is None


def test_when_its_answer_is_lost_it_is_told_once(lossy: LossyRedis) -> None:
    clients = connect_told(lossy.url)
    holder = Holder(*stores(clients, 4, LOG_LIFETIME), KEYS)
    spent = holder.connect()
    lossy.lose_answers(1)
    narrow(holder, "read")
    assert lossy.lost == 1
    assert good_for(holder, spent.access) == "read"
    assert len(log_of(clients, holder)) == 1


def test_a_clients_own_tokens_for_one_api_do_not_narrow_those_for_another(store: GrantStore) -> None:
    own, everything = new_grant_id(), ("https://a.example/", "https://b.example/")
    tokens = [KEYS.make(TokenKind.ACCESS_TOKEN, own, 0) for _ in everything]
    for token, resource in zip(tokens, everything, strict=True):
        claims = AccessTokenClaims("app", "app", None, (resource,), "read")
        store.issue_client_token(own, token.digest, claims, ("read", "write"), everything, 0, 600)
    found = [store.find_access_token(token) for token in tokens]
    assert [record.claims.aud for record in found if record] == [(resource,) for resource in everything]
