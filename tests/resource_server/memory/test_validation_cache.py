"""The rules under which an answer may be remembered and used again (docs/architecture.md, "Remembering answers")."""

import gc
import json
from collections import OrderedDict
from dataclasses import replace
from typing import Any

import pytest

from shared.resource_server import (
    ActiveToken,
    Challenge,
    RawAnswer,
    TokenValidator,
    token_digest,
)
from shared.resource_server.memory.validation_cache import INACTIVE_FOR, PROVEN_FOR, ValidationCache
from shared.resource_server.presented_token import PresentedToken, Scheme

LONG = 1_000.0


class Clock:
    """Shows what it is set to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> ValidationCache:
    """One whose feed has just proven itself."""
    cache = ValidationCache(follows_feed=True, max_entries=3, max_bytes=100_000, max_inactive=3, clock=clock)
    cache.prove(clock.now)
    return cache


def key(name: str = "a") -> bytes:
    return PresentedToken(Scheme.BEARER, name).memory_key


def token(name: str = "a", grant: str = "grant a") -> ActiveToken:
    return ActiveToken(
        subject=name,
        client_id="app",
        username="mo",
        scopes=frozenset({"read"}),
        audience=frozenset({"https://plans.example/"}),
        issuer="https://auth.example",
        token_type="Bearer",
        issued_at=0,
        expires_at=1,
        jti=token_digest(name),
        grant_id=grant,
    )


def remember(cache: ValidationCache, *tokens: ActiveToken, life: float = LONG, size: int = 300) -> None:
    for each in tokens:
        with cache.inquiry() as inquiry:
            cache.remember(inquiry, key(each.subject), each, life, size)


def test_a_remembered_answer_is_found_until_its_end(cache: ValidationCache, clock: Clock) -> None:
    remember(cache, token(), life=2)
    assert cache.find(key()) == token()
    clock.now += 2
    assert cache.find(key()) is None


def test_nothing_is_used_before_the_feed_has_proven_itself(clock: Clock) -> None:
    cache = ValidationCache(follows_feed=True, clock=clock)
    remember(cache, token())
    assert cache.find(key()) is None
    cache.prove(clock.now)
    assert cache.find(key()) == token()


def test_nothing_is_used_once_the_proof_is_too_old_and_all_of_it_after_the_next(
    cache: ValidationCache, clock: Clock
) -> None:
    remember(cache, token())
    clock.now += PROVEN_FOR
    assert cache.find(key()) == token()
    clock.now += 0.001
    assert cache.find(key()) is None
    cache.prove(clock.now)
    assert cache.find(key()) == token()


def test_without_a_feed_entries_are_used_for_their_life(clock: Clock) -> None:
    cache = ValidationCache(follows_feed=False, clock=clock)
    remember(cache, token(), life=100)
    clock.now += 99
    assert cache.find(key()) == token()


def test_a_revoked_token_is_forgotten_and_its_siblings_are_not(cache: ValidationCache) -> None:
    remember(cache, token("a"), token("b"))
    cache.forget({token("a").jti})
    assert (cache.find(key()), cache.find(key("b"))) == (None, token("b"))


def test_a_token_that_is_revoked_while_it_is_looked_up_is_not_found(cache: ValidationCache) -> None:
    class Revoking(OrderedDict[bytes, Any]):
        """Another thread hears of the revocation as soon as the entry was read."""

        def get(self, key: bytes, _: object = None) -> Any:
            entry = super().get(key)
            cache.forget({token().jti})
            return entry

    remember(cache, token())
    cache._entries = Revoking(cache._entries)
    assert cache.find(key()) is None


def test_a_revoked_grant_takes_all_its_tokens_and_no_others(cache: ValidationCache) -> None:
    remember(cache, token("a"), token("b"), token("c", "grant c"))
    cache.forget({"grant a", "a grant nobody heard of"})
    found = [cache.find(key(name)) is not None for name in "abc"]
    assert found == [False, False, True]


@pytest.mark.parametrize("ended", [token().jti, token().grant_id])
def test_an_answer_is_not_kept_if_its_token_was_revoked_since_it_was_asked_for(
    cache: ValidationCache, ended: str
) -> None:
    with cache.inquiry() as inquiry:
        cache.forget({ended})
        assert inquiry.outdated(token())
        cache.remember(inquiry, key(), token(), LONG, 300)
    assert cache.find(key()) is None


def test_what_was_narrowed_is_forgotten_with_its_whole_grant(cache: ValidationCache) -> None:
    remember(cache, token("a"), token("b", "grant a"), token("c", "grant c"))
    cache.forget(set(), {"grant a": frozenset({"read"}), "a grant nobody heard of": frozenset()})
    assert [cache.find(key(name)) is not None for name in "abc"] == [False, False, True]


def test_an_answer_is_cut_and_not_kept_if_its_grant_was_narrowed_since_it_was_asked_for(cache: ValidationCache) -> None:
    asked_about = token()
    with cache.inquiry() as inquiry:
        cache.forget(set(), {asked_about.grant_id: frozenset({"write"})})
        cache.remember(inquiry, key(), asked_about, LONG, 300)
        assert not inquiry.outdated(asked_about)
        assert inquiry.cut(asked_about).scopes == asked_about.scopes & {"write"}
        assert inquiry.cut(token("c", "grant c")) == token("c", "grant c")
    assert cache.find(key()) is None


def test_an_answer_is_kept_if_only_others_were_revoked_meanwhile(cache: ValidationCache) -> None:
    with cache.inquiry() as inquiry:
        cache.forget({"another grant"})
        cache.remember(inquiry, key(), token(), LONG, 300)
    assert cache.find(key()) == token()


def test_losing_track_forgets_everything_and_every_answer_on_its_way(cache: ValidationCache) -> None:
    remember(cache, token("a"))
    with cache.inquiry() as inquiry:
        cache.forget_everything()
        cache.remember(inquiry, key("b"), token("b"), LONG, 300)
    assert (cache.find(key()), cache.find(key("b"))) == (None, None)
    remember(cache, token("a"))
    assert cache.find(key()) == token("a")


def test_the_least_recently_used_go_first(cache: ValidationCache) -> None:
    remember(cache, token("a"), token("b"), token("c"))
    cache.find(key())
    remember(cache, token("d"))
    assert [name for name in "abcd" if cache.find(key(name))] == ["a", "c", "d"]


def test_the_bytes_are_bounded_too(cache: ValidationCache) -> None:
    remember(cache, token("a"), token("b"), size=30_000)
    assert [name for name in "ab" if cache.find(key(name))] == ["b"]
    remember(cache, token("c"), size=60_000)
    assert [name for name in "abc" if cache.find(key(name))] == []


def test_a_refusal_is_remembered_for_a_moment(cache: ValidationCache, clock: Clock) -> None:
    cache.remember_inactive(key("x"))
    assert cache.is_inactive(key("x"))
    clock.now += INACTIVE_FOR
    assert not cache.is_inactive(key("x"))


def test_refusals_push_out_each_other_and_nothing_good(cache: ValidationCache) -> None:
    remember(cache, token())
    for number in range(100):
        cache.remember_inactive(key(str(number)))
    assert cache.find(key()) == token()
    assert [number for number in range(100) if cache.is_inactive(key(str(number)))] == [97, 98, 99]


def test_nothing_stays_of_what_was_pushed_out_or_forgotten(cache: ValidationCache) -> None:
    for number in range(100):
        remember(cache, token(str(number), f"grant {number}"))
    assert [len(each) for each in (cache._entries, cache._of_jti, cache._of_grant)] == [3] * 3
    cache.forget({token("97").jti, "grant 98"}, {"grant 99": frozenset()})
    assert [len(each) for each in (cache._entries, cache._of_jti, cache._of_grant)] == [0] * 3


def test_a_token_string_is_nowhere_in_it(cache: ValidationCache) -> None:
    secret = "mat_a-token-that-only-its-client-knows"
    with cache.inquiry() as inquiry:
        cache.remember(inquiry, key(secret), replace(token(secret), subject="mo"), LONG, 300)
    found: list[Any] = []
    queue, seen = [cache], set()
    while queue:
        value: Any = queue.pop()
        if id(value) in seen or isinstance(value, type):
            continue
        seen.add(id(value))
        found += [value] if isinstance(value, str | bytes) else []
        queue += gc.get_referents(value)
    assert {token_digest(secret), key(secret)} <= {*found}
    assert [text for text in found if secret in str(text)] == []


class Introspector:
    """Answers every question about "a" with the same claims."""

    def __init__(self, clock: Clock, *, written_at: float, exp: int) -> None:
        self._clock = clock
        self._written_at = written_at
        claims = {
            "active": True,
            "scope": "read",
            "client_id": "app",
            "sub": "mo",
            "aud": "https://plans.example/",
            "iss": "https://auth.example",
            "exp": exp,
            "iat": 0,
            "token_type": "Bearer",
            "jti": token_digest("a"),
            "grant_id": "1",
        }
        self._body = json.dumps(claims).encode()

    def introspect(self, token: str, within: float) -> RawAnswer:
        self._clock.now += 0.5  # as long as it takes
        return RawAnswer(self._body, self._written_at)

    def close(self) -> None:
        pass


@pytest.mark.clause("RFC 7662 §4", line=53)
@pytest.mark.parametrize(
    ("left", "seconds"),
    [(2, 1.0), (30, 29.0), (61, 60.0), (10_000, 60.0)],
)
def test_an_answer_is_used_a_second_less_than_its_token_lives_and_a_minute_at_most(
    clock: Clock, left: int, seconds: float
) -> None:
    """By the authorization server's clock, whatever ours says, and counted from before the question."""
    cache = ValidationCache(follows_feed=False, clock=clock)
    introspector = Introspector(clock, written_at=5_000_000_000.0, exp=5_000_000_000 + left)
    validator = TokenValidator(
        introspector,
        cache,
        None,
        issuer="https://auth.example",
        resource="https://plans.example/",
        challenge=Challenge("plans"),
        max_age=60,
    )
    asked_at = clock.now
    validator.validate("Bearer a")
    clock.now = asked_at + seconds - 0.01
    assert validator.remembered("Bearer a") is not None
    clock.now = asked_at + seconds
    assert validator.remembered("Bearer a") is None
