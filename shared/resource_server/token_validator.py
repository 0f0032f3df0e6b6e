"""Is this token good here, for this? Begins at no; every check that speaks against it is visible in one list.

Knows no web framework: the adapters are modules of their own, of which `access_rules.py` serves those that go by path.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from .errors import (
    Challenge,
    InvalidTokenError,
    MisconfiguredError,
    NotLetThroughError,
    NoTokenError,
)
from .introspection.client import DEADLINE
from .introspection.response import ActiveToken, read_introspection_response
from .memory.asker import Asker, Introspector, Reader
from .memory.single_flight import Flight
from .memory.validation_cache import ValidationCache
from .needs import Need, check_needs
from .peer import refused_audience, refused_issuer
from .presented_token import EARLIER, PresentedProof, PresentedToken, Scheme, presented_token
from .process.clock import seconds
from .resource_metadata import resource_metadata
from .revocation_feed.follower import FeedFollower

LONGEST_AGE = 60.0
"""While the revocation feed is followed, an answer is remembered for at most so many seconds."""

_SOON, _NOT_SOON = 1.0, 30.0
"""A connection that stays open has its token looked at again after so many seconds: in memory, or by a question."""

_EXPLAINED_FOR = 60.0
"""The log says again after so many seconds what is set wrong."""

_BEARER, _DPOP = Scheme.BEARER, Scheme.DPOP  # to find an enum's member takes four times as long

_log = logging.getLogger(__name__)


class AuthorizationServer(Protocol):
    """It is what can be found out about it beside tokens; see `peer.py`."""

    def check(self) -> None:
        """Find out whether it can be asked. Raises CannotValidateError."""

    def misnamed(self) -> MisconfiguredError | None:
        """Return what is known to be wrong about names."""


class ProofOfPossession(Protocol):
    """It checks that a bound token is presented by who holds its key; see `dpop/`."""

    @property
    def algorithms(self) -> Sequence[str]:
        """Return with which proofs may be signed."""

    def check(self, token: PresentedToken, proof: PresentedProof | None, jkt: str) -> None:
        """Return if the proof is good for the key `jkt`. Raises a NotLetThroughError."""


@dataclass(frozen=True, slots=True)
class Validation:
    """It is a validation that is under way."""

    presented: PresentedToken
    deadline: float
    """It is on `clock.seconds`."""
    flight: Flight[ActiveToken]
    must_fly: bool
    """If it is True, whoever began this has to let the flight fly, in a thread that may wait."""


class TokenValidator:
    """It validates tokens for one resource server. Known tokens are validated from memory."""

    def __init__(
        self,
        introspector: Introspector,
        cache: ValidationCache,
        feed: FeedFollower | None,
        *,
        issuer: str,
        resource: str,
        challenge: Challenge,
        max_age: float,
        peer: AuthorizationServer | None = None,
        dpop: ProofOfPossession | None = None,
        audience: str | None = "",
        deadline: float = DEADLINE,
        observe: Callable[[str], None] = lambda event: None,
        read: Reader = read_introspection_response,
    ) -> None:
        """`audience` is whom tokens must name, by default `resource`; None for a server that names nobody."""
        self._cache = cache
        self._feed = feed
        self.issuer = issuer
        """Who must have issued tokens."""
        self._resource = resource
        self._audience = resource if audience == "" else audience
        self.challenge = challenge
        self._peer = peer
        self._dpop = dpop
        self._observe = observe
        self._asker = Asker(introspector, cache, max_age=max_age, deadline=deadline, observe=observe, read=read)
        self._explained, self._explained_at = "", 0.0

    def validate(
        self,
        authorization: str | None,
        *needs: Need,
        proof: PresentedProof | None = None,
        fresh: bool = False,
    ) -> ActiveToken:
        """Return the token in an `Authorization` header, beside which a proof may stand. Raises a NotLetThroughError.

        With `fresh`, the authorization server is asked in any case.
        """
        presented = self._presented(authorization)
        try:
            active = self._from_memory(presented) if not fresh else None
            return self._checked(active or self._asked(presented, fresh=fresh), presented, proof, needs)
        except NotLetThroughError as refusal:
            self._prepare(refusal, presented)
            raise

    def metadata(self, *scopes: str, resource: str | None = None) -> dict[str, object]:
        """Return the API's description of itself (RFC 9728 §2), to be served as JSON at `metadata_path(resource)`.

        `scopes` are those that clients may ask for, at least one. Another `resource` is a part of the API, which a
        client may ask about at an address of its own.
        """
        return resource_metadata(
            resource or self._resource,
            authorization_server=self.issuer,
            scopes=scopes,
            dpop_algorithms=self.challenge.dpop_algorithms,
        )

    def check(self) -> None:
        """Find out whether the authorization server and this service agree on names, secret and address.

        For an application's start and its readiness. The outcome is remembered for some seconds, and where the feed is
        followed nothing is asked. Raises MisconfiguredError, whose text says which side has to change what, or another
        CannotValidateError if it can't be told now.
        """
        if self._peer is not None:
            self._peer.check()

    def ask_again(self, authorization: str | None) -> ActiveToken:
        """Return what the authorization server says now of a token that this request was let through with.

        Its proof was used up by that. Raises InvalidTokenError or CannotValidateError.
        """
        presented = self._presented(authorization)
        try:
            return self._asker.ask(presented)
        except NotLetThroughError as refusal:
            self._prepare(refusal, presented)
            raise

    def remembered(self, authorization: str | None, *needs: Need) -> ActiveToken | None:
        """Return what `validate` does, if memory alone can tell, else None. It never waits. Raises as `validate`.

        About a token that comes with a proof it can't: to remember the use of a proof may take a store.
        """
        presented = self._presented(authorization)
        if presented.scheme is _DPOP:
            return None
        try:
            active = self._from_memory(presented)
            return self._checked(active, presented, None, needs) if active else None
        except NotLetThroughError as refusal:
            self._prepare(refusal, presented)
            raise

    def begin(self, authorization: str | None) -> Validation:
        """Begin, for adapters that may not wait in the thread that they are called in. Raises a NotLetThroughError.

        The deadline counts from here.
        """
        presented, deadline = self._presented(authorization), self._asker.deadline()
        try:
            if active := self._from_memory(presented):
                return Validation(presented, deadline, Flight.landed(active), must_fly=False)
            return Validation(presented, deadline, *self._asker.begin(presented, deadline))
        except NotLetThroughError as refusal:
            self._prepare(refusal, presented)
            raise

    def finish(
        self, validation: Validation, needs: Collection[Need], proof: PresentedProof | None = None
    ) -> ActiveToken:
        """Return or raise what `validate` does, once the flight has landed or the deadline has passed.

        With a proof it may wait for a store.
        """
        try:
            active = validation.flight.wait(validation.deadline)
            return self._checked(active, validation.presented, proof, needs)
        except NotLetThroughError as refusal:
            self._prepare(refusal, validation.presented)
            raise

    @property
    def look_again_after(self) -> float:
        """Return after how many seconds a connection that stays open should have its token validated again."""
        return _SOON if self._feed is not None else _NOT_SOON

    def knows(self, authorization: str | None) -> bool:
        """Return whether the token is remembered as active, whatever it may be used for. It never waits."""
        if self._feed is not None:
            self._feed.follow()
        return self._cache.find(self._presented(authorization).memory_key) is not None

    def _misnamed(self) -> MisconfiguredError | None:
        return self._peer.misnamed() if self._peer is not None else None

    def _prepare(self, refusal: NotLetThroughError, presented: PresentedToken) -> None:
        """Prepare it for the answer; and say once what is set wrong, not at each call, and after a minute again."""
        refusal.scheme = presented.scheme
        if not isinstance(refusal, MisconfiguredError):
            return
        reason, now = str(refusal), seconds()
        if reason != self._explained or now - self._explained_at > _EXPLAINED_FOR:
            self._explained, self._explained_at = reason, now
            _log.error("no token can be validated: %s", reason)

    def close(self) -> None:
        """Stop following the revocation feed and close idle connections, in a process that goes on without it."""
        if self._feed is not None:
            self._feed.close()
        self._asker.close()

    def _presented(self, authorization: str | None) -> PresentedToken:
        presented = presented_token(authorization)
        if presented.scheme is _DPOP and self._dpop is None:
            raise NoTokenError  # under a scheme that is not offered
        return presented

    def _from_memory(self, presented: PresentedToken) -> ActiveToken | None:
        if self._feed is not None:
            self._feed.follow()
        key = presented.memory_key
        if active := self._cache.find(key):
            self._observe("hit")
            return active
        if self._cache.is_inactive(key):
            self._observe("hit")
            raise InvalidTokenError("not active a moment ago")
        return None

    def _asked(self, presented: PresentedToken, *, fresh: bool) -> ActiveToken:
        if fresh or not self._asker.is_shared():
            return self._asker.ask(presented)
        deadline = self._asker.deadline()
        flight, must_fly = self._asker.begin(presented, deadline)
        if must_fly:
            flight.fly()
        return flight.wait(deadline)

    def _checked(
        self,
        active: ActiveToken,
        presented: PresentedToken,
        proof: PresentedProof | None,
        needs: Collection[Need],
    ) -> ActiveToken:
        """Check what has to hold at each call, also for a remembered token."""
        if active.token_type.lower() != ("dpop" if active.jkt else "bearer"):
            raise InvalidTokenError(f"token type {active.token_type}")
        if active.issuer != self.issuer:
            raise self._misnamed() or refused_issuer(active.issuer, self.issuer)
        if self._audience not in active.audience and self._audience is not None:
            raise self._misnamed() or refused_audience(active.audience, self._audience)
        if active.jkt is not None or presented.scheme is not _BEARER:
            self._check_binding(active, presented, proof)
        if not active.scopes.issuperset(needs):  # which usually are scopes, each by its name
            check_needs(active, needs)
        return active

    def _check_binding(self, active: ActiveToken, presented: PresentedToken, proof: PresentedProof | None) -> None:
        """Check a token that is bound, or is presented as if it were.

        It needs a proof of its key; without one it is not good for anything (RFC 9449 §7.2).
        """
        if active.jkt is None:
            raise InvalidTokenError("not bound to a key, but presented as if it were")
        if self._dpop is None or presented.scheme is _BEARER:
            raise InvalidTokenError("bound to a key, but presented as a bearer token")
        if proof is not EARLIER:
            self._dpop.check(presented, proof, active.jkt)
