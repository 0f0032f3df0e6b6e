"""Lets callers that need the same answer at the same time share one question: the first asks, the others wait."""

import threading
from collections.abc import Callable
from copy import copy
from typing import Generic, TypeVar

from .clock import seconds
from .errors import CannotValidateError, NotLetThroughError
from .fork import begin_anew_after_fork

T = TypeVar("T")


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.begun_at = seconds()
        self.landed = threading.Event()
        self.result: T | None = None
        self.error: NotLetThroughError = CannotValidateError("whoever asked was interrupted")


class SingleFlight(Generic[T]):
    """One question per key at a time, in this process."""

    def __init__(self) -> None:
        self.begin_anew()
        begin_anew_after_fork(self)

    def begin_anew(self) -> None:
        """With nobody waiting."""
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[T]] = {}

    def run(self, key: str, ask: Callable[[], T], *, within: float, max_age: float) -> tuple[T, bool]:
        """What `ask` returns, called here or by whoever is already asking (then True), waiting `within` seconds.

        A question that was begun more than `max_age` seconds ago is not shared: its answer may be as old.
        Raises what it raises, or CannotValidateError after that time.
        """
        with self._lock:
            flight = self._flights.get(key)
            if first := flight is None or seconds() - flight.begun_at > max_age:
                flight = self._flights[key] = _Flight()
        if not first:
            return self._wait(flight, within), True
        try:
            flight.result = ask()
        except NotLetThroughError as error:
            flight.error = error
            raise
        else:
            return flight.result, False
        finally:
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]
            flight.landed.set()

    @staticmethod
    def _wait(flight: _Flight[T], within: float) -> T:
        deadline = seconds() + within
        if not flight.landed.wait(within) or seconds() > deadline:  # a process may have been stopped in between
            raise CannotValidateError("the authorization server did not answer in time")
        if flight.result is None:
            raise copy(flight.error)  # each thread adds its own traceback
        return flight.result
