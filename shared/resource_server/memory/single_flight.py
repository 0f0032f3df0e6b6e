"""Lets callers that need the same answer at the same time share one question: the first asks, the others wait."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from copy import copy
from typing import Generic, TypeVar

from ..errors import CannotValidateError, NotLetThroughError
from ..process.clock import seconds
from ..process.fork import reset_after_fork

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Flight(Generic[T]):
    """It is one question. Who waits for `answer` decides how: a thread by `wait`, an event loop by a callback."""

    def __init__(self, ask: Callable[[], T], ended: Callable[["Flight[T]"], None] = lambda flight: None) -> None:
        self.begun_at = seconds()
        self.answer: Future[T] = Future()
        self.answer.set_running_or_notify_cancel()  # nobody who waits can take it from the others
        self._ask = ask
        self._ended = ended

    @classmethod
    def landed(cls, answer: T) -> "Flight[T]":
        """Return one that is over: the answer was known."""
        flight = cls(lambda: answer)
        flight.fly()
        return flight

    def fly(self) -> None:
        """Ask, once, in a thread that may wait."""
        try:
            self.answer.set_result(self._ask())
        except NotLetThroughError as refusal:
            self.answer.set_exception(refusal)
        except BaseException as error:
            if isinstance(error, Exception):
                _log.exception("a question to the authorization server failed in a way that nobody thought of")
            self.answer.set_exception(CannotValidateError("whoever asked was interrupted"))
            raise
        finally:
            self._ended(self)

    def wait(self, deadline: float) -> T:
        """Return the answer, or raise what was raised, or CannotValidateError if it doesn't come in time."""
        try:
            error = self.answer.exception(max(0.0, deadline - seconds()))
        except TimeoutError:
            raise CannotValidateError("the authorization server did not answer in time") from None
        if seconds() > deadline:  # a process may have been stopped in between
            raise CannotValidateError("the authorization server's answer came too late")
        if error is not None:
            raise copy(error)  # each thread adds its own traceback
        return self.answer.result()


class SingleFlight(Generic[T]):
    """It lets one question per key be asked at a time, in this process."""

    def __init__(self) -> None:
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Begin with nobody waiting."""
        self._lock = threading.Lock()
        self._flights: dict[bytes, Flight[T]] = {}

    def join(self, key: bytes, ask: Callable[[], T], *, max_age: float) -> tuple[Flight[T], bool]:
        """Return the question that is under way, or a new one (then True), which whoever got it has to let fly.

        A question that was begun more than `max_age` seconds ago is not shared: its answer may be as old.
        """

        def ended(flight: Flight[T]) -> None:
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]

        with self._lock:
            flight = self._flights.get(key)
            if flight is not None and seconds() - flight.begun_at <= max_age:
                return flight, False
            flight = self._flights[key] = Flight(ask, ended)
            return flight, True
