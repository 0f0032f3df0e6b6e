"""Known tokens are validated without asking anybody, and what was revoked is refused all the same."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from shared.resource_server import (
    ActiveToken,
    CannotValidateError,
    InsufficientScopeError,
    InvalidTokenError,
    TokenValidator,
    connect,
)
from tests.support.polling import eventually
from tests.support.small_authorization_server import ISSUER, SmallAuthorizationServer, small_authorization_server

pytestmark = pytest.mark.core

RESOURCE = "https://plans.example/"
READ, WRITE = "plans:read", "plans:write"


class Service:
    """A resource server's validator, and the authorization server that it asks."""

    def __init__(self, server: SmallAuthorizationServer, **options: Any) -> None:
        self.server = server
        self.events: Counter[str] = Counter()
        self.validator: TokenValidator = connect(
            resource=RESOURCE,
            issuer=ISSUER,
            client_id="plans",
            client_secret="a secret",
            auth_url=server.address,
            observe=lambda event: self.events.update([event]),
            **{"deadline": 30.0, **options},
        )

    def close(self) -> None:
        self.server.let_polls_go()
        self.validator.close()

    def validate(self, token: str, *scopes: str, fresh: bool = False) -> ActiveToken:
        return self.validator.validate(f"Bearer {token}", *scopes, fresh=fresh)

    def accepts(self, token: str) -> bool:
        try:
            self.validate(token)
        except InvalidTokenError:
            return False
        return True

    def warm(self, *tokens: str) -> None:
        """Until each of them is validated from memory."""
        for token in tokens:
            eventually(lambda token=token: self.accepts(token) and self.is_remembered(token))

    def serves(self, token: str) -> bool:
        """Whether there is an answer at all."""
        try:
            return self.accepts(token)
        except CannotValidateError:
            return False

    def is_remembered(self, token: str) -> bool:
        return self.validator.remembered(f"Bearer {token}") is not None


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    """Starts services with given options, each with its own authorization server."""
    with ExitStack() as running:

        def start_service(**options: Any) -> Service:
            service = Service(running.enter_context(small_authorization_server(RESOURCE)), **options)
            running.callback(service.close)
            return service

        yield start_service


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    return start()


def test_a_known_token_is_validated_without_asking(service: Service) -> None:
    token = service.server.issue("a")
    service.warm(token)
    asked, hits = len(service.server.introspections), service.events["hit"]
    for _ in range(100):
        assert service.validate(token, READ).subject == "sub_1"
    assert len(service.server.introspections) == asked
    assert service.events["hit"] == hits + 100


def test_scopes_are_checked_at_each_call_also_from_memory(service: Service) -> None:
    token = service.server.issue("a", scope=READ)
    service.warm(token)
    with pytest.raises(InsufficientScopeError):
        service.validate(token, READ, WRITE)
    assert service.validate(token, READ).scopes == {READ}


@pytest.mark.parametrize("claims", [{"aud": ["https://other.example/"]}, {"iss": "https://evil.example"}])
def test_a_token_that_is_not_good_here_does_not_become_good_by_being_known(
    service: Service, claims: dict[str, Any]
) -> None:
    good, other = service.server.issue("good"), service.server.issue("other", **claims)
    service.warm(good)
    assert [service.accepts(other) for _ in range(5)] == [False] * 5


def test_a_revoked_token_is_refused_as_soon_as_the_feed_tells_and_others_stay_known(service: Service) -> None:
    revoked, sibling, other = (
        service.server.issue("a", grant="1" * 32),
        service.server.issue("b", grant="1" * 32),
        service.server.issue("c", grant="2" * 32),
    )
    service.warm(revoked, sibling, other)
    service.server.revoke(revoked)
    eventually(lambda: not service.accepts(revoked))
    assert service.is_remembered(sibling)
    service.server.revoke_grant("1" * 32)
    eventually(lambda: not service.accepts(sibling))
    assert service.is_remembered(other)


def test_an_answer_that_was_computed_before_a_revocation_is_neither_believed_nor_kept(service: Service) -> None:
    token, other = service.server.issue("a"), service.server.issue("b")
    service.warm(other)
    service.server.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(service.accepts, token)
        eventually(lambda: token in service.server.introspections)
        service.server.revoke(token)
        assert service.server.is_up_to_date()
        service.server.may_answer.set()
        assert asked.result() is False
    assert not service.accepts(token)


def test_a_token_that_was_narrowed_is_good_for_what_is_left_as_soon_as_the_feed_tells(service: Service) -> None:
    narrowed, other = (service.server.issue(name, name * 32, scope=f"{READ} {WRITE}") for name in "ab")
    service.warm(narrowed, other)
    service.server.narrow_grant("a" * 32, WRITE)
    eventually(lambda: service.validate(narrowed).scopes == {WRITE})
    assert service.is_remembered(other)
    service.warm(narrowed)
    with pytest.raises(InsufficientScopeError):
        service.validate(narrowed, READ)
    assert service.validate(other, READ, WRITE).scopes == {READ, WRITE}


def test_an_answer_that_was_computed_before_its_grant_was_narrowed_is_cut_and_not_kept(service: Service) -> None:
    token, other = service.server.issue("a", "1" * 32, scope=f"{READ} {WRITE}"), service.server.issue("b", "2" * 32)
    service.warm(other)
    service.server.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(service.validate, token)
        eventually(lambda: token in service.server.introspections)
        service.server.narrow_grant("1" * 32, READ)
        assert service.server.is_up_to_date()
        service.server.may_answer.set()
        assert asked.result().scopes == {READ}
    assert not service.is_remembered(token)
    assert service.validate(token).scopes == {READ}


def test_when_the_position_is_lost_everything_is_asked_again(service: Service) -> None:
    kept, revoked = service.server.issue("a"), service.server.issue("b")
    service.warm(kept, revoked)
    resets = service.events["feed_reset"]
    service.server.revoke(revoked)
    service.server.lose_the_log()
    eventually(lambda: service.events["feed_reset"] > resets)
    assert not service.accepts(revoked)
    service.warm(kept)


def test_while_the_feed_fails_every_call_is_introspected(service: Service) -> None:
    token = service.server.issue("a")
    service.server.feed_down = True
    assert service.accepts(token)
    eventually(lambda: service.events["feed_failure"] >= 2)
    asked = len(service.server.introspections)
    assert [service.accepts(token) for _ in range(3)] == [True] * 3
    assert len(service.server.introspections) == asked + 3
    service.server.feed_down = False
    service.warm(token)


def test_after_a_failure_the_feed_is_asked_for_an_answer_at_once(service: Service) -> None:
    service.warm(service.server.issue("a"))
    assert service.server.waits[-1] == 1
    service.server.feed_down = True
    service.server.let_polls_go()
    eventually(lambda: service.events["feed_failure"] >= 2)
    assert service.server.waits[-1] == 0


def test_a_route_may_want_a_fresh_answer(service: Service) -> None:
    token = service.server.issue("a")
    service.warm(token)
    asked = len(service.server.introspections)
    service.validate(token, fresh=True)
    assert len(service.server.introspections) == asked + 1


def test_what_is_found_to_have_ended_without_an_event_is_remembered_no_longer(service: Service) -> None:
    token = service.server.issue("a")
    service.warm(token)
    service.server.forget(token)
    assert service.accepts(token)
    with pytest.raises(InvalidTokenError):
        service.validate(token, fresh=True)
    assert not service.accepts(token)


def test_without_a_feed_each_call_is_introspected(start: Callable[..., Service]) -> None:
    service = start(follow_revocations=False)
    token = service.server.issue("a")
    assert [service.accepts(token) for _ in range(3)] == [True] * 3
    assert (service.server.introspections, service.server.waits) == ([token] * 3, [])


def test_without_a_feed_an_operator_may_allow_an_age(start: Callable[..., Service]) -> None:
    service = start(follow_revocations=False, max_age=30)
    token = service.server.issue("a")
    assert [service.accepts(token) for _ in range(3)] == [True] * 3
    assert service.server.introspections == [token]


def test_garbage_is_asked_about_once(service: Service) -> None:
    assert [service.accepts("garbage") for _ in range(5)] == [False] * 5
    assert service.server.introspections == ["garbage"]


def test_parallel_calls_with_one_unknown_token_ask_once(start: Callable[..., Service]) -> None:
    service = start(deadline=10)
    known, token = service.server.issue("known"), service.server.issue("a")
    service.warm(known)
    service.server.may_answer.clear()
    with ThreadPoolExecutor(200) as pool:
        calls = [pool.submit(service.accepts, token) for _ in range(200)]
        eventually(lambda: token in service.server.introspections and threading.active_count() > 200)
        service.server.may_answer.set()
        assert [call.result() for call in calls] == [True] * 200
    assert service.server.introspections.count(token) == 1


def test_parallel_calls_share_a_failure_too(start: Callable[..., Service]) -> None:
    service = start(deadline=10)
    service.warm(service.server.issue("known"))
    service.server.down = True
    service.server.may_answer.clear()
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(service.validate, "a") for _ in range(20)]
        eventually(lambda: "a" in service.server.introspections and threading.active_count() > 20)
        service.server.may_answer.set()
        assert all(isinstance(call.exception(), CannotValidateError) for call in calls)
    assert service.server.introspections.count("a") == 1


def test_whoever_waits_for_anothers_answer_waits_no_longer_than_the_deadline(start: Callable[..., Service]) -> None:
    service = start(deadline=0.2)
    service.warm(service.server.issue("known"))
    service.server.may_answer.clear()
    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(service.validate, "a") for _ in range(5)]
        assert all(isinstance(call.exception(timeout=5), CannotValidateError) for call in calls)


def test_an_answer_that_was_asked_for_too_long_ago_is_not_shared(start: Callable[..., Service]) -> None:
    max_age = 0.2
    service = start(follow_revocations=False, max_age=max_age, deadline=10)
    token = service.server.issue("a")
    service.server.may_answer.clear()
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(service.accepts, token)
        eventually(lambda: service.server.introspections == [token])
        service.server.revoke(token)
        time.sleep(max_age)  # what the first question learned is too old from here on
        late = pool.submit(service.accepts, token)
        eventually(lambda: service.server.introspections == [token, token])
        service.server.may_answer.set()
        assert (early.result(), late.result()) == (True, False)


def test_an_open_breaker_refuses_without_asking_and_memory_still_serves(service: Service) -> None:
    token = service.server.issue("known")
    service.warm(token)
    service.server.down = True
    for number in range(20):
        with pytest.raises(CannotValidateError):
            service.validate(f"unknown-{number}")
    asked = [asked for asked in service.server.introspections if asked.startswith("unknown")]
    assert 5 <= len(asked) < 10
    assert service.events["breaker_opened"] == 1
    assert service.is_remembered(token)
    service.server.down = False
    eventually(lambda: service.serves(service.server.issue("new")))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 414, 429, 431])
def test_an_answer_that_is_about_one_token_takes_no_other_out_of_service(
    start: Callable[..., Service], status: int
) -> None:
    service = start(follow_revocations=False)
    service.server.refused = {f"odd-{number}": status for number in range(20)}
    for odd in service.server.refused:
        with pytest.raises(CannotValidateError):
            service.validate(odd)
    assert service.accepts(service.server.issue("new"))
    assert service.events["breaker_opened"] == 0


def test_nonsense_about_one_token_takes_no_other_out_of_service_and_about_many_it_does(
    start: Callable[..., Service],
) -> None:
    service = start(follow_revocations=False)
    for number in range(10):
        service.server.issue(f"odd-{number}", scope=["not", "a", "text"])
    for _ in range(10):
        with pytest.raises(CannotValidateError):
            service.validate("odd-0")
    assert service.accepts(service.server.issue("new"))
    for number in range(10):
        with pytest.raises(CannotValidateError):
            service.validate(f"odd-{number}")
    assert service.events["breaker_opened"] == 1
