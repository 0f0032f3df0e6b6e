"""Who needs the same answer shares one question, and an authorization server that doesn't answer is spared."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.resource_server import (
    CannotValidateError,
)
from tests.resource_server.memory.remembering_service import RememberingService
from tests.support.polling import eventually

pytestmark = pytest.mark.core


def test_parallel_calls_with_one_unknown_token_ask_once(start: Callable[..., RememberingService]) -> None:
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


def test_parallel_calls_share_a_failure_too(start: Callable[..., RememberingService]) -> None:
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


def test_whoever_waits_for_anothers_answer_waits_no_longer_than_the_deadline(
    start: Callable[..., RememberingService],
) -> None:
    service = start(deadline=0.2)
    service.warm(service.server.issue("known"))
    service.server.may_answer.clear()
    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(service.validate, "a") for _ in range(5)]
        assert all(isinstance(call.exception(timeout=5), CannotValidateError) for call in calls)


def test_an_answer_that_was_asked_for_too_long_ago_is_not_shared(start: Callable[..., RememberingService]) -> None:
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


def test_an_open_breaker_refuses_without_asking_and_memory_still_serves(service: RememberingService) -> None:
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
    start: Callable[..., RememberingService], status: int
) -> None:
    service = start(follow_revocations=False)
    service.server.refused = {f"odd-{number}": status for number in range(20)}
    for odd in service.server.refused:
        with pytest.raises(CannotValidateError):
            service.validate(odd)
    assert service.accepts(service.server.issue("new"))
    assert service.events["breaker_opened"] == 0


def test_nonsense_about_one_token_takes_no_other_out_of_service_and_about_many_it_does(
    start: Callable[..., RememberingService],
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
