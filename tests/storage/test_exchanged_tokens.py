"""The contract of ExchangedTokenStore: a token that was got for another one is no more than that, and ends with it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from auth_service.crypto.token_handle import TokenHandle, TokenKind
from auth_service.models.ending import NarrowedGrant
from auth_service.models.tokens import AccessTokenClaims, Issued, NotExchanged
from auth_service.storage import exchanged_tokens
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.conftest import LOG_LIFETIME
from tests.storage.holder import AUDIENCE, KEYS, Holder, log_of, stores
from tests.support.lossy_redis import LossyRedis
from tests.support.polling import eventually
from tests.support.told_redis import SHARDS, connect_told

ROUNDS = 15


class Service:
    """A client that exchanges tokens."""

    def __init__(self, clients: RedisClients, ends: GrantEnds, client_id: str) -> None:
        self._exchanged = ExchangedTokenStore(clients, GrantKeys(SHARDS), ends)
        self._client_id = client_id

    def ask(self, subject: TokenHandle, lifetime: int = 600, **changes: Any) -> tuple[TokenHandle, Any]:
        """What was proposed, and the outcome."""
        made = KEYS.make(TokenKind.ACCESS_TOKEN, subject.grant_id, subject.generation)
        said = {"sub": "mo", "username": "mo's name", "aud": AUDIENCE, "scope": "read", "actors": (self._client_id,)}
        claims = AccessTokenClaims(client_id=self._client_id, **{**said, **changes})
        return made, self._exchanged.issue(subject, made.digest, claims, lifetime)

    def exchange(self, subject: TokenHandle, lifetime: int = 600, **changes: Any) -> TokenHandle:
        made, outcome = self.ask(subject, lifetime, **changes)
        assert isinstance(outcome, Issued)
        return made

    def end(self) -> None:
        self._exchanged.revoke_those_of({self._client_id: ()})


@pytest.fixture
def service(clients: RedisClients, ends: GrantEnds) -> Service:
    return Service(clients, ends, "service")


@pytest.fixture
def other(clients: RedisClients, ends: GrantEnds) -> Service:
    return Service(clients, ends, "other")


def revoke(holder: Holder, token: TokenHandle) -> None:
    holder.revoke_access_token(token)


def active(holder: Holder, *tokens: TokenHandle) -> list[bool]:
    return [holder.is_active(token) for token in tokens]


def test_what_is_found_is_what_was_stored(holder: Holder, service: Service) -> None:
    made, issued = service.ask(holder.connect().access, 300, jkt="a key", actors=("service", "before"))
    record = holder.store.find_access_token(made)
    assert record is not None
    assert record.claims == AccessTokenClaims(
        "service", "mo", "mo's name", AUDIENCE, "read", "a key", actors=("service", "before")
    )
    assert (record.issued_at, record.expires_at) == (issued.issued_at, issued.expires_at)
    assert issued.expires_in == 300


@pytest.mark.clause("RFC 8693 §2.2.1")
def test_it_lives_no_longer_than_the_token_it_was_got_for(
    store: GrantStore, ends: GrantEnds, service: Service, clients: RedisClients
) -> None:
    holder = Holder(store, ends, KEYS, access_lifetime=300)
    subject = holder.connect()
    made, issued = service.ask(subject.access, 600)
    assert isinstance(subject.outcome, Issued)
    assert issued.expires_at == subject.outcome.expires_at
    (key,) = clients.reads.keys(f"at:*{made.digest}")
    (key_of_subject,) = clients.reads.keys(f"at:*{subject.access.digest}")
    assert 0 < clients.reads.pexpiretime(key) <= clients.reads.pexpiretime(key_of_subject)
    clients.scripts.pexpire(key_of_subject, 1)
    eventually(lambda: not holder.is_active(subject.access))
    assert service.ask(subject.access)[1] is NotExchanged.GONE


@pytest.mark.clause("RFC 8693 §2.2.2")
@pytest.mark.parametrize("end", [revoke, lambda holder, _: holder.revoke()])
def test_for_what_has_ended_nothing_is_got_and_nothing_stored(
    holder: Holder, service: Service, clients: RedisClients, end: Callable[[Holder, TokenHandle], None]
) -> None:
    subject = holder.connect()
    end(holder, subject.access)
    before = set(clients.reads.keys())
    never = KEYS.make(TokenKind.ACCESS_TOKEN, holder.grant_id, 0)
    for nothing in (subject.access, subject.refresh, never):
        assert service.ask(nothing)[1] is NotExchanged.GONE
    assert set(clients.reads.keys()) == before


def test_it_ends_with_the_token_it_was_got_for_and_so_does_what_was_got_for_it(
    holder: Holder, service: Service, other: Service, clients: RedisClients
) -> None:
    subject = holder.connect()
    apart = holder.spend(subject.refresh)
    unconcerned = service.exchange(apart.access)
    first = service.exchange(subject.access)
    second = service.exchange(subject.access, aud=("https://a.example/", "https://b.example/"))
    third = other.exchange(second)
    ended = [subject.access, first, second, third, service.exchange(third)]
    revoke(holder, subject.access)
    assert active(holder, *ended) == [False] * 5
    assert active(holder, apart.access, unconcerned) == [True, True]
    told = {entry["jti"]: entry for entry in log_of(clients, holder)}
    assert set(told) == {token.digest for token in ended}
    assert told[second.digest] == {
        "grant_id": holder.grant_id,
        "client_id": "service",
        "sub": "mo",
        "aud": "https://a.example/ https://b.example/",
        "jti": second.digest,
    }
    assert told[third.digest]["client_id"] == "other"


def test_its_end_is_nobody_elses(holder: Holder, service: Service, clients: RedisClients) -> None:
    subject = holder.connect()
    made, sibling = service.exchange(subject.access), service.exchange(subject.access)
    holder.revoke_access_token(made, "service")
    assert active(holder, made, sibling, subject.access) == [False, True, True]
    assert [entry["jti"] for entry in log_of(clients, holder)] == [made.digest]


def test_it_ends_and_shrinks_with_its_grant(holder: Holder, service: Service) -> None:
    subject = holder.connect()
    both, reading = (service.exchange(subject.access, scope=scope) for scope in ("read write", "read"))
    holder.ends.narrow_grants([NarrowedGrant(holder.grant_id, ("write",), AUDIENCE)])
    record = holder.store.find_access_token(both)
    assert record is not None
    assert record.claims.scope == "write"
    assert not holder.is_active(reading)
    holder.revoke()
    assert not holder.is_active(both)


def test_it_lives_on_when_the_app_refreshes(holder: Holder, service: Service) -> None:
    subject = holder.connect()
    made = service.exchange(subject.access)
    holder.spend(subject.refresh)
    assert active(holder, subject.access, made) == [True, True]


def test_it_ends_with_the_client_that_got_it_and_so_does_what_was_got_for_it(
    store: GrantStore, ends: GrantEnds, service: Service, other: Service, clients: RedisClients
) -> None:
    holders = [Holder(store, ends, KEYS) for _ in range(8)]  # in several shards
    subjects = [holder.connect().access for holder in holders]
    mine = [service.exchange(subject) for subject in subjects]
    got_for_mine = [other.exchange(token) for token in mine]
    others = [other.exchange(subject) for subject in subjects]
    for _ in range(2):
        service.end()
        for holder, *ended in zip(holders, mine, got_for_mine, strict=True):
            assert active(holder, *ended) == [False, False]
            assert [entry["jti"] for entry in log_of(clients, holder)] == [token.digest for token in ended]
        for holder, *kept in zip(holders, others, subjects, strict=True):
            assert active(holder, *kept) == [True, True]


def test_only_so_many_live_at_a_time(holder: Holder, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanged_tokens, "MAX_EXCHANGES", 3)
    first = holder.connect()
    for _ in range(3):
        service.exchange(first.access)
    assert service.ask(first.access)[1] is NotExchanged.TOO_MANY
    second = holder.spend(first.refresh)
    kept, *short = (service.exchange(second.access, lifetime) for lifetime in (600, 1, 1))
    eventually(lambda: active(holder, *short) == [False, False])
    assert isinstance(service.ask(second.access)[1], Issued)
    assert holder.is_active(kept)


def test_every_key_has_an_end_and_none_outlives_what_it_is_about(
    holder: Holder, service: Service, other: Service, clients: RedisClients
) -> None:
    subject = holder.connect()
    for lifetime in (300, 600, 10):
        other.exchange(service.exchange(subject.access, lifetime), 60)
    ends = {key: clients.reads.pttl(key) for key in clients.reads.scan_iter("exchanged*")}
    assert len(ends) == 1 + 3 + 2
    assert all(0 < left <= 600_000 for left in ends.values())
    (longest,) = (left for key, left in ends.items() if key.startswith("exchanged-by:") and key.endswith(":service"))
    assert longest > 580_000
    revoke(holder, subject.access)
    assert clients.reads.keys("exchanged:*") == []
    assert clients.reads.keys(f"at:*{holder.grant_id}*") == []


def test_no_list_holds_what_has_expired(holder: Holder, service: Service, clients: RedisClients) -> None:
    subject = holder.connect()
    kept, short = service.exchange(subject.access), service.exchange(subject.access, 1)
    eventually(lambda: not holder.is_active(short))
    made = service.exchange(subject.access)
    for key in clients.reads.scan_iter("exchanged*"):
        held = {token_key.rpartition(":")[2] for token_key in clients.reads.zrange(key, 0, -1)}
        assert held == {kept.digest, made.digest}


@pytest.mark.parametrize("how", ["the token", "the grant", "the client"])
def test_an_exchange_at_the_same_moment_is_refused_or_ends_too(
    store: GrantStore, ends: GrantEnds, service: Service, how: str
) -> None:
    together = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(ROUNDS):
            holder = Holder(store, ends, KEYS)
            subject = holder.connect().access

            def exchange(subject: TokenHandle = subject) -> tuple[TokenHandle, object]:
                together.wait(60)
                return service.ask(subject)

            racing = threads.submit(exchange)
            together.wait(60)
            match how:
                case "the token":
                    revoke(holder, subject)
                case "the grant":
                    holder.revoke()
                case _:
                    service.end()
            made, outcome = racing.result()
            if how == "the client" and isinstance(outcome, Issued):
                service.end()  # as who exchanges does when it finds its client gone
            assert not holder.is_active(made)


def test_when_its_answer_is_lost_the_repetition_says_what_is_stored(
    lossy: LossyRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanged_tokens, "MAX_EXCHANGES", 1)
    clients = connect_told(lossy.url)
    store, ends = stores(clients, SHARDS, LOG_LIFETIME)
    holder, service = Holder(store, ends, KEYS), Service(clients, ends, "service")
    subject = holder.connect().access
    lossy.lose_answers(1)
    made, issued = service.ask(subject)
    assert lossy.lost == 1
    record = store.find_access_token(made)
    assert record is not None
    assert (record.issued_at, record.expires_at) == (issued.issued_at, issued.expires_at)
