"""Is this token good here, for this? Begins at no; every check that speaks against it is visible in one list.

Knows no web framework: the adapters are `resource_protector.py` (Flask), `wsgi_middleware.py`, `asgi_middleware.py`.
"""

import logging
import re
from collections.abc import Callable
from typing import Protocol

from .back_channel import RawAnswer
from .circuit_breaker import CircuitBreaker
from .errors import (
    CannotValidateError,
    Challenge,
    InsufficientScopeError,
    InvalidTokenError,
    MalformedRequestError,
    NoTokenError,
)
from .introspection_client import DEADLINE
from .introspection_response import ActiveToken, read_introspection_response, token_digest
from .revocation_feed import RevocationFeed
from .single_flight import SingleFlight
from .validation_cache import PROVEN_FOR, ValidationCache

LONGEST_AGE = 60.0
"""Seconds for which an answer is remembered at most, while the revocation feed is followed."""
_WHOLE_SECONDS = 1.0
"""How far an HTTP `Date` may lie behind the moment that it stands for."""

_BEARER = re.compile(r"bearer(?: +(.*))?", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,2048}=*")

_log = logging.getLogger(__name__)


class Introspector(Protocol):
    """Whoever can be asked about a token."""

    def introspect(self, token: str) -> RawAnswer:
        """Raises CannotValidateError."""

    def close(self) -> None:
        """Give back what is held open."""


class TokenValidator:
    """Validates bearer tokens for one resource server. Known tokens are validated from memory."""

    def __init__(
        self,
        introspector: Introspector,
        cache: ValidationCache,
        feed: RevocationFeed | None,
        *,
        issuer: str,
        resource: str,
        challenge: Challenge,
        max_age: float,
        deadline: float = DEADLINE,
        observe: Callable[[str], None] = lambda event: None,
    ) -> None:
        self._introspector = introspector
        self._cache = cache
        self._feed = feed
        self._issuer = issuer
        self._resource = resource
        self.challenge = challenge
        self._max_age = max_age
        self._deadline = deadline
        self._observe = observe
        self._breaker = CircuitBreaker()
        self._flights: SingleFlight[ActiveToken] = SingleFlight()

    def validate(self, authorization: str | None, *required_scopes: str, fresh: bool = False) -> ActiveToken:
        """The token in an `Authorization` header. Raises a NotLetThroughError.

        With `fresh`, the authorization server is asked in any case.
        """
        token = self.remembered(authorization, *required_scopes) if not fresh else None
        return token or self._checked(self._introspected(bearer_token(authorization), fresh=fresh), required_scopes)

    def remembered(self, authorization: str | None, *required_scopes: str) -> ActiveToken | None:
        """The same, if memory alone can tell, else None. Never waits. Raises a NotLetThroughError."""
        if self._feed is not None:
            self._feed.follow()
        jti = token_digest(bearer_token(authorization))
        if active := self._cache.find(jti):
            self._observe("hit")
            return self._checked(active, required_scopes)
        if self._cache.is_inactive(jti):
            self._observe("hit")
            raise InvalidTokenError("not active a moment ago")
        return None

    def close(self) -> None:
        """Stop following the revocation feed and close idle connections. For a process that goes on without it."""
        if self._feed is not None:
            self._feed.close()
        self._introspector.close()

    def _checked(self, active: ActiveToken, required_scopes: tuple[str, ...]) -> ActiveToken:
        """What has to hold at each call, also for a remembered token."""
        if active.token_type.lower() != "bearer":
            raise InvalidTokenError(f"token type {active.token_type}")
        if active.issuer != self._issuer:
            raise InvalidTokenError(f"issued by {active.issuer}")
        if self._resource not in active.audience:
            raise InvalidTokenError("meant for another resource server")
        if not active.scopes.issuperset(required_scopes):
            raise InsufficientScopeError(required_scopes)
        return active

    def _introspected(self, token: str, *, fresh: bool) -> ActiveToken:
        jti = token_digest(token)
        if fresh or not self._max_age:
            return self._ask(token, jti)  # to share an answer is to remember it, if only for the deadline
        max_age = min(PROVEN_FOR, self._max_age)  # a process that was stopped may come back to an old question
        active, shared = self._flights.run(jti, lambda: self._ask(token, jti), within=self._deadline, max_age=max_age)
        if shared:
            self._observe("wait")
        return active

    def _ask(self, token: str, jti: str) -> ActiveToken:
        self._observe("miss")
        with self._cache.inquiry() as inquiry:
            answer, active = self._answer(token)
            if active is None or active.expires_at <= answer.written_at or inquiry.outdated(active):
                self._cache.remember_inactive(jti)
                raise InvalidTokenError("not active")
            life = active.expires_at - answer.written_at - _WHOLE_SECONDS
            self._cache.remember(inquiry, active, min(life, self._max_age), len(answer.body))
        return active

    def _answer(self, token: str) -> tuple[RawAnswer, ActiveToken | None]:
        """What the authorization server says; None if the token isn't active. Raises CannotValidateError."""
        self._breaker.admit()
        try:
            answer = self._introspector.introspect(token)
            active = read_introspection_response(answer.body, token)
        except CannotValidateError as outage:
            _log.error("token not validated: %s", outage)
            self._observe("failure")
            if self._breaker.failed():
                self._observe("breaker_opened")
            raise
        self._breaker.succeeded()
        return answer, active


def bearer_token(authorization: str | None) -> str:
    """The token of an `Authorization` header (RFC 6750 §2.1). Raises NoTokenError or MalformedRequestError."""
    credentials = _BEARER.fullmatch(authorization.strip()) if authorization else None
    if credentials is None:
        raise NoTokenError
    token = credentials[1] or ""
    if _TOKEN.fullmatch(token) is None:
        raise MalformedRequestError
    return token
