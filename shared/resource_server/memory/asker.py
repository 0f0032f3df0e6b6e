"""Asks the authorization server about tokens: one question for all who need it, and none while it doesn't answer."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from ..back_channel.channel import RawAnswer
from ..errors import CannotValidateError, InvalidTokenError, MisconfiguredError, OutageError, UnusableAnswerError
from ..introspection.response import ActiveToken
from ..presented_token import PresentedToken
from ..process.clock import seconds
from .circuit_breaker import CircuitBreaker
from .single_flight import Flight, SingleFlight
from .validation_cache import PROVEN_FOR, ValidationCache

_WHOLE_SECONDS = 1.0
"""An HTTP `Date` may lie so many seconds behind the moment that it stands for."""
_CLOCKS_APART = 5.0
"""A token that expires while it is asked about has an `exp` that lies at most so many seconds before `Date`."""

_log = logging.getLogger(__name__)


class Introspector(Protocol):
    """It can be asked about a token."""

    def introspect(self, token: str, within: float) -> RawAnswer:
        """Return the answer, which takes at most `within` seconds. Raises CannotValidateError."""

    def close(self) -> None:
        """Give back what is held open."""


Reader = Callable[[bytes, str], ActiveToken | None]
"""Given an answer's body and the token that was asked about: the token, None if it isn't active. Raises
UnusableAnswerError.
"""


class Asker:
    """It remembers what it was told. Deadlines are on `clock.seconds`."""

    def __init__(
        self,
        introspector: Introspector,
        cache: ValidationCache,
        *,
        max_age: float,
        deadline: float,
        observe: Callable[[str], None],
        read: Reader,
    ) -> None:
        """`max_age` is how many seconds an answer is remembered at most, `deadline` how many one may take."""
        self._introspector = introspector
        self._cache = cache
        self._max_age = max_age
        self._deadline = deadline
        self._observe = observe
        self._read = read
        self._breaker = CircuitBreaker()
        self._flights: SingleFlight[ActiveToken] = SingleFlight()

    def deadline(self) -> float:
        """Return the deadline of what arrives now."""
        return seconds() + self._deadline

    def begin(self, presented: PresentedToken, deadline: float) -> tuple[Flight[ActiveToken], bool]:
        """Return a question, and whether whoever got it has to let it fly."""
        key = presented.memory_key
        ask = partial(self._ask, presented.text, key, deadline)
        if not self._cache.is_proven():
            self._observe("unproven")
        if not self.is_shared():  # to share an answer is to remember it, if only for the deadline
            return Flight(ask), True
        max_age = min(PROVEN_FOR, self._max_age)  # a process that was stopped may come back to an old question
        flight, is_mine = self._flights.join(key, ask, max_age=max_age)
        if not is_mine:
            self._observe("wait")
        return flight, is_mine

    def ask(self, presented: PresentedToken) -> ActiveToken:
        """Ask alone. Raises InvalidTokenError, CannotValidateError, and what else the introspector raises."""
        return self._ask(presented.text, presented.memory_key, self.deadline())

    def is_shared(self) -> bool:
        """Return whether several may wait for one question."""
        return bool(self._max_age)

    def close(self) -> None:
        """Give back what is held open."""
        self._introspector.close()

    def _ask(self, token: str, key: bytes, deadline: float) -> ActiveToken:
        self._observe("miss")
        with self._cache.inquiry() as inquiry:
            answer, active = self._answer(token, key, deadline - seconds())
            if active is None or active.expires_at <= answer.written_at or inquiry.outdated(active):
                self._cache.remember_inactive(key)
                raise InvalidTokenError("not active")
            life = active.expires_at - answer.written_at - _WHOLE_SECONDS
            self._cache.remember(inquiry, key, active, min(life, self._max_age), len(answer.body))
        return inquiry.cut(active)

    def _answer(self, token: str, key: bytes, within: float) -> tuple[RawAnswer, ActiveToken | None]:
        """Return what the authorization server says; None if the token isn't active. Raises CannotValidateError.

        Only what would happen to any token speaks for an outage: else whoever sends odd tokens could stop the service.
        Nor does it speak for one that a question failed which had waited here for half of its time.
        """
        if within <= 0:
            raise CannotValidateError("too many other questions were before this one")
        self._breaker.admit()
        try:
            answer = self._introspector.introspect(token, within)
            active = self._read(answer.body, token)
            if active is not None and active.expires_at + _CLOCKS_APART < answer.written_at:
                raise UnusableAnswerError("a token is active and expired long before: the server's clocks are apart")
        except CannotValidateError as failure:
            if not isinstance(failure, MisconfiguredError):
                _log.error("token not validated: %s", failure)
            self._observe("failure")
            about = key if isinstance(failure, UnusableAnswerError) else None
            speaks_for_all = isinstance(failure, OutageError | UnusableAnswerError) and within > self._deadline / 2
            if speaks_for_all and self._breaker.failed(about):
                self._observe("breaker_opened")
            raise
        self._breaker.succeeded()
        return answer, active
