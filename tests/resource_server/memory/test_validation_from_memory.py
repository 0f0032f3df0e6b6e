"""Known tokens are validated without asking anybody, and what was revoked is refused all the same."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.resource_server import (
    InsufficientScopeError,
    InvalidTokenError,
)
from tests.resource_server.memory.remembering_service import RememberingService
from tests.support.polling import eventually

pytestmark = pytest.mark.core

RESOURCE = "https://plans.example/"
READ, WRITE = "plans:read", "plans:write"


def test_a_known_token_is_validated_without_asking(service: RememberingService) -> None:
    token = service.server.issue("a")
    service.warm(token)
    asked, hits = len(service.server.introspections), service.events["hit"]
    for _ in range(100):
        assert service.validate(token, READ).subject == "sub_1"
    assert len(service.server.introspections) == asked
    assert service.events["hit"] == hits + 100


def test_scopes_are_checked_at_each_call_also_from_memory(service: RememberingService) -> None:
    token = service.server.issue("a", scope=READ)
    service.warm(token)
    with pytest.raises(InsufficientScopeError):
        service.validate(token, READ, WRITE)
    assert service.validate(token, READ).scopes == {READ}


@pytest.mark.parametrize("claims", [{"aud": ["https://other.example/"]}, {"iss": "https://evil.example"}])
def test_a_token_that_is_not_good_here_does_not_become_good_by_being_known(
    service: RememberingService, claims: dict[str, Any]
) -> None:
    good, other = service.server.issue("good"), service.server.issue("other", **claims)
    service.warm(good)
    assert [service.accepts(other) for _ in range(5)] == [False] * 5


def test_a_revoked_token_is_refused_as_soon_as_the_feed_tells_and_others_stay_known(
    service: RememberingService,
) -> None:
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


def test_an_answer_that_was_computed_before_a_revocation_is_neither_believed_nor_kept(
    service: RememberingService,
) -> None:
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


def test_a_token_that_was_narrowed_is_good_for_what_is_left_as_soon_as_the_feed_tells(
    service: RememberingService,
) -> None:
    narrowed, other = (service.server.issue(name, name * 32, scope=f"{READ} {WRITE}") for name in "ab")
    service.warm(narrowed, other)
    service.server.narrow_grant("a" * 32, WRITE)
    eventually(lambda: service.validate(narrowed).scopes == {WRITE})
    assert service.is_remembered(other)
    service.warm(narrowed)
    with pytest.raises(InsufficientScopeError):
        service.validate(narrowed, READ)
    assert service.validate(other, READ, WRITE).scopes == {READ, WRITE}


def test_an_answer_that_was_computed_before_its_grant_was_narrowed_is_cut_and_not_kept(
    service: RememberingService,
) -> None:
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


def test_when_the_position_is_lost_everything_is_asked_again(service: RememberingService) -> None:
    kept, revoked = service.server.issue("a"), service.server.issue("b")
    service.warm(kept, revoked)
    resets = service.events["feed_reset"]
    service.server.revoke(revoked)
    service.server.lose_the_log()
    eventually(lambda: service.events["feed_reset"] > resets)
    assert not service.accepts(revoked)
    service.warm(kept)


def test_while_the_feed_fails_every_call_is_introspected(service: RememberingService) -> None:
    token = service.server.issue("a")
    service.server.feed_down = True
    assert service.accepts(token)
    eventually(lambda: service.events["feed_failure"] >= 2)
    asked = len(service.server.introspections)
    assert [service.accepts(token) for _ in range(3)] == [True] * 3
    assert len(service.server.introspections) == asked + 3
    service.server.feed_down = False
    service.warm(token)


def test_after_a_failure_the_feed_is_asked_for_an_answer_at_once(service: RememberingService) -> None:
    service.warm(service.server.issue("a"))
    assert service.server.waits[-1] == 1
    service.server.feed_down = True
    service.server.let_polls_go()
    eventually(lambda: service.events["feed_failure"] >= 2)
    assert service.server.waits[-1] == 0


def test_a_route_may_want_a_fresh_answer(service: RememberingService) -> None:
    token = service.server.issue("a")
    service.warm(token)
    asked = len(service.server.introspections)
    service.validate(token, fresh=True)
    assert len(service.server.introspections) == asked + 1


def test_what_is_found_to_have_ended_without_an_event_is_remembered_no_longer(service: RememberingService) -> None:
    token = service.server.issue("a")
    service.warm(token)
    service.server.forget(token)
    assert service.accepts(token)
    with pytest.raises(InvalidTokenError):
        service.validate(token, fresh=True)
    assert not service.accepts(token)


def test_without_a_feed_each_call_is_introspected(start: Callable[..., RememberingService]) -> None:
    service = start(follow_revocations=False)
    token = service.server.issue("a")
    assert [service.accepts(token) for _ in range(3)] == [True] * 3
    assert (service.server.introspections, service.server.waits) == ([token] * 3, [])


def test_without_a_feed_an_operator_may_allow_an_age(start: Callable[..., RememberingService]) -> None:
    service = start(follow_revocations=False, max_age=30)
    token = service.server.issue("a")
    assert [service.accepts(token) for _ in range(3)] == [True] * 3
    assert service.server.introspections == [token]


def test_garbage_is_asked_about_once(service: RememberingService) -> None:
    assert [service.accepts("garbage") for _ in range(5)] == [False] * 5
    assert service.server.introspections == ["garbage"]
