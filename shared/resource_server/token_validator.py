"""Is this token good here, for this? Begins at no; every check that speaks against it is visible in one list.

Knows no web framework: the adapters are `resource_protector.py` (Flask), `wsgi_middleware.py`, `asgi_middleware.py`.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from .back_channel import RawAnswer
from .circuit_breaker import CircuitBreaker
from .clock import seconds
from .errors import (
    CannotValidateError,
    Challenge,
    InsufficientScopeError,
    InvalidTokenError,
    MisconfiguredError,
    NotLetThroughError,
    NoTokenError,
    OutageError,
    UnusableAnswerError,
)
from .introspection_client import DEADLINE
from .introspection_response import ActiveToken, read_introspection_response
from .peer import Peer, refused_audience, refused_issuer
from .presented_token import PresentedProof, PresentedToken, Scheme, presented_token
from .revocation_feed import RevocationFeed
from .single_flight import SingleFlight
from .validation_cache import PROVEN_FOR, ValidationCache

LONGEST_AGE = 60.0
"""Seconds for which an answer is remembered at most, while the revocation feed is followed."""
_WHOLE_SECONDS = 1.0
"""How far an HTTP `Date` may lie behind the moment that it stands for."""

_EXPLAINED_FOR = 60.0
"""Seconds until the log says again what is set wrong."""

_log = logging.getLogger(__name__)


class Introspector(Protocol):
    """Whoever can be asked about a token."""

    def introspect(self, token: str) -> RawAnswer:
        """Raises CannotValidateError."""

    def close(self) -> None:
        """Give back what is held open."""


class ProofOfPossession(Protocol):
    """Whoever checks that a bound token is presented by who holds its key; see `dpop.py`."""

    def check(self, token: PresentedToken, proof: PresentedProof | None, jkt: str) -> None:
        """Raises a NotLetThroughError."""


class TokenValidator:
    """Validates tokens for one resource server. Known tokens are validated from memory."""

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
        peer: Peer | None = None,
        dpop: ProofOfPossession | None = None,
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
        self._peer = peer
        self._dpop = dpop
        self._deadline = deadline
        self._observe = observe
        self._breaker = CircuitBreaker()
        self._explained, self._explained_at = "", 0.0
        self._flights: SingleFlight[ActiveToken] = SingleFlight()

    def validate(
        self,
        authorization: str | None,
        *required_scopes: str,
        proof: PresentedProof | None = None,
        fresh: bool = False,
    ) -> ActiveToken:
        """The token in an `Authorization` header, beside which a proof may stand. Raises a NotLetThroughError.

        With `fresh`, the authorization server is asked in any case.
        """
        presented = self._presented(authorization)
        try:
            active = self._from_memory(presented) if not fresh else None
            return self._checked(active or self._asked(presented, fresh=fresh), presented, proof, required_scopes)
        except NotLetThroughError as refusal:
            refusal.scheme = presented.scheme
            self._explain(refusal)
            raise

    def check(self) -> None:
        """Whether the authorization server and this service agree on names, secret and address.

        For an application's start and its readiness. The outcome is remembered for some seconds, and where the feed is
        followed nothing is asked. Raises MisconfiguredError, whose text says which side has to change what, or another
        CannotValidateError if it can't be told now.
        """
        if self._peer is not None:
            self._peer.check()

    def ask_again(self, authorization: str | None) -> ActiveToken:
        """What the authorization server says now of a token that this request was let through with.

        Its proof was used up by that. Raises InvalidTokenError or CannotValidateError.
        """
        presented = self._presented(authorization)
        try:
            return self._ask(presented.text, presented.jti)
        except NotLetThroughError as refusal:
            refusal.scheme = presented.scheme
            self._explain(refusal)
            raise

    def remembered(self, authorization: str | None, *required_scopes: str) -> ActiveToken | None:
        """The same, if memory alone can tell, else None. Never waits. Raises a NotLetThroughError.

        About a token that comes with a proof it can't: to remember the use of a proof may take a store.
        """
        presented = self._presented(authorization)
        if presented.scheme is Scheme.DPOP:
            return None
        active = self._from_memory(presented)
        return self._checked(active, presented, None, required_scopes) if active else None

    def knows(self, authorization: str | None) -> bool:
        """Whether the token is remembered as active, whatever it may be used for. Never waits."""
        return self._known(self._presented(authorization)) is not None

    def _misnamed(self) -> MisconfiguredError | None:
        return self._peer.misnamed() if self._peer is not None else None

    def _explain(self, refusal: NotLetThroughError) -> None:
        """Say once what is set wrong, and not at each call; after a minute again."""
        if not isinstance(refusal, MisconfiguredError):
            return
        reason, now = str(refusal), seconds()
        if reason != self._explained or now - self._explained_at > _EXPLAINED_FOR:
            self._explained, self._explained_at = reason, now
            _log.error("no token can be validated: %s", reason)

    def close(self) -> None:
        """Stop following the revocation feed and close idle connections. For a process that goes on without it."""
        if self._feed is not None:
            self._feed.close()
        self._introspector.close()

    def _presented(self, authorization: str | None) -> PresentedToken:
        presented = presented_token(authorization)
        if presented.scheme is Scheme.DPOP and self._dpop is None:
            raise NoTokenError  # under a scheme that is not offered
        return presented

    def _from_memory(self, presented: PresentedToken) -> ActiveToken | None:
        if active := self._known(presented):
            self._observe("hit")
            return active
        if self._cache.is_inactive(presented.jti):
            self._observe("hit")
            raise InvalidTokenError("not active a moment ago")
        return None

    def _known(self, presented: PresentedToken) -> ActiveToken | None:
        if self._feed is not None:
            self._feed.follow()
        return self._cache.find(presented.jti)

    def _checked(
        self,
        active: ActiveToken,
        presented: PresentedToken,
        proof: PresentedProof | None,
        required_scopes: tuple[str, ...],
    ) -> ActiveToken:
        """What has to hold at each call, also for a remembered token."""
        if active.token_type.lower() != ("dpop" if active.jkt else "bearer"):
            raise InvalidTokenError(f"token type {active.token_type}")
        if active.issuer != self._issuer:
            raise self._misnamed() or refused_issuer(active.issuer, self._issuer)
        if self._resource not in active.audience:
            raise self._misnamed() or refused_audience(active.audience, self._resource)
        self._check_binding(active, presented, proof)
        if not active.scopes.issuperset(required_scopes):
            raise InsufficientScopeError(required_scopes)
        return active

    def _check_binding(self, active: ActiveToken, presented: PresentedToken, proof: PresentedProof | None) -> None:
        """A bound token needs a proof of its key; without one it is not good for anything (RFC 9449 §7.2)."""
        if active.jkt is None:
            if presented.scheme is Scheme.DPOP:
                raise InvalidTokenError("not bound to a key, but presented as if it were")
        elif self._dpop is None or presented.scheme is Scheme.BEARER:
            raise InvalidTokenError("bound to a key, but presented as a bearer token")
        else:
            self._dpop.check(presented, proof, active.jkt)

    def _asked(self, presented: PresentedToken, *, fresh: bool) -> ActiveToken:
        token, jti = presented.text, presented.jti
        if not self._cache.is_proven():
            self._observe("unproven")
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
            answer, active = self._answer(token, jti)
            if active is None or active.expires_at <= answer.written_at or inquiry.outdated(active):
                self._cache.remember_inactive(jti)
                raise InvalidTokenError("not active")
            life = active.expires_at - answer.written_at - _WHOLE_SECONDS
            self._cache.remember(inquiry, active, min(life, self._max_age), len(answer.body))
        return inquiry.cut(active)

    def _answer(self, token: str, jti: str) -> tuple[RawAnswer, ActiveToken | None]:
        """What the authorization server says; None if the token isn't active. Raises CannotValidateError.

        Only what would happen to any token speaks for an outage: else whoever sends odd tokens could stop the service.
        """
        self._breaker.admit()
        try:
            answer = self._introspector.introspect(token)
            active = read_introspection_response(answer.body, token)
        except CannotValidateError as outage:
            if not isinstance(outage, MisconfiguredError):
                _log.error("token not validated: %s", outage)
            self._observe("failure")
            about = jti if isinstance(outage, UnusableAnswerError) else None
            if isinstance(outage, OutageError | UnusableAnswerError) and self._breaker.failed(about):
                self._observe("breaker_opened")
            raise
        self._breaker.succeeded()
        return answer, active
