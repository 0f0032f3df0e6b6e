"""After five failures in a row nobody waits any longer, and one probe a second finds out whether it is over."""

import pytest

from shared.resource_server import CannotValidateError
from shared.resource_server.memory.circuit_breaker import FAILURES, CircuitBreaker
from tests.resource_server.memory.test_validation_cache import Clock


def is_admitted(breaker: CircuitBreaker) -> bool:
    try:
        breaker.admit()
    except CannotValidateError:
        return False
    return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def test_it_opens_after_five_failures_in_a_row_and_says_so_once(breaker: CircuitBreaker) -> None:
    assert [breaker.failed() for _ in range(FAILURES - 1)] == [False] * (FAILURES - 1)
    breaker.succeeded()
    assert [breaker.failed() for _ in range(FAILURES + 1)] == [False] * (FAILURES - 1) + [True, False]
    assert not is_admitted(breaker)


def test_the_same_tokens_failures_count_once(breaker: CircuitBreaker) -> None:
    assert [breaker.failed(about) for about in ("a", "a", "b", "b", "b", "a", "c", "d", "e")] == [False] * 8 + [True]
    breaker.succeeded()
    assert [breaker.failed("a") for _ in range(2 * FAILURES)] == [False] * 2 * FAILURES


def test_an_open_one_admits_one_probe_a_second(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(FAILURES):
        breaker.failed()
    admitted = []
    for _ in range(40):
        admitted.append(is_admitted(breaker))
        if admitted[-1]:
            breaker.failed()
        clock.now += 0.125
    assert [number for number, passed in enumerate(admitted) if passed] == [8, 16, 24, 32]


def test_a_probe_that_succeeds_closes_it(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(FAILURES):
        breaker.failed()
    clock.now += 1
    assert is_admitted(breaker)
    breaker.succeeded()
    assert [is_admitted(breaker) for _ in range(3)] == [True] * 3
