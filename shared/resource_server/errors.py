"""Why a request is not let through: status, OAuth error code and challenge of each case (RFC 6750 §3).

The public half says what a client can act on; the private half, `reason`, is for the log.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from .scopes import Scope, asked_for

_READABLE = "WWW-Authenticate, Retry-After, DPoP-Nonce"
"""Scripts of the origins that the application lets in may read these (CORS); it means something only beside
`Access-Control-Allow-Origin`.
"""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A resource server says this of itself when it asks for a token."""

    realm: str
    resource_metadata: str | None = None
    """Its description is at this address (RFC 9728 §5.1)."""
    dpop_algorithms: Sequence[str] = ()
    """DPoP proofs may be signed with these (RFC 9449 §7.1); there are none if it takes bearer tokens only."""

    def lines(self, scheme: str, told: dict[str, str | None]) -> list[str]:
        """Return one for each scheme that is offered. `told` stands in that of the token's scheme (RFC 9449 §7.2)."""
        bearer, dpop = (told if scheme == name else {} for name in ("Bearer", "DPoP"))
        lines = ["Bearer " + _quoted({"realm": self.realm, **bearer, "resource_metadata": self.resource_metadata})]
        if self.dpop_algorithms:
            lines.append("DPoP " + _quoted({**dpop, "algs": " ".join(self.dpop_algorithms)}))
        return lines


def _quoted(parameters: dict[str, str | None]) -> str:
    return ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value is not None)


class NotLetThroughError(Exception):
    """The request ends here."""

    status = 401
    error: str | None = None
    """It is RFC 6750 §3.1's code, or None where the client sent no token at all."""
    description: str | None = None
    challenges = True
    """If it is True, the answer asks for a (better) token."""
    retry_after: int | None = None
    """The client may try again after so many seconds."""

    def __init__(self, reason: str = "", *, scheme: str = "Bearer") -> None:
        super().__init__(reason or self.description or self.error or "")
        self.required_scope: str | None = None
        self.scheme = scheme
        """The token was presented under this one."""

    def __copy__(self) -> Self:
        """Return another for a second thread to raise: `copy` would make it of its reason, as not all are made."""
        other = type(self).__new__(type(self), *self.args)
        other.__dict__.update(self.__dict__)
        return other

    def told(self) -> dict[str, str | None]:
        """Return the parameters of the challenge, None for those that it has not."""
        return {"error": self.error, "error_description": self.description, "scope": self.required_scope}

    def headers(self, challenge: Challenge) -> list[tuple[str, str]]:
        """Return `WWW-Authenticate` (each parameter once) or `Retry-After`, and what the body is."""
        headers = [
            ("Content-Type", "application/problem+json"),
            ("Cache-Control", "no-store"),
            ("Access-Control-Expose-Headers", _READABLE),
        ]
        if self.challenges:
            headers += [("WWW-Authenticate", line) for line in challenge.lines(self.scheme, self.told())]
        if self.retry_after is not None:
            headers.append(("Retry-After", str(self.retry_after)))
        return headers

    def merged_headers(self, challenge: Challenge) -> dict[str, str]:
        """Return the same for frameworks that send a header once: a line may hold several (RFC 9110 §11.6.1)."""
        merged: dict[str, str] = {}
        for name, value in self.headers(challenge):
            merged[name] = f"{merged[name]}, {value}" if name in merged else value
        return merged

    @property
    def detail(self) -> str:
        """Return what the client is told."""
        return self.description or "Send an access token in the Authorization header."

    def body(self) -> bytes:
        """Return an RFC 9457 problem."""
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        return json.dumps(problem).encode()


class NoTokenError(NotLetThroughError):
    """There are no credentials, so the challenge carries no error code (RFC 6750 §3.1)."""


class MalformedRequestError(NotLetThroughError):
    """The token was sent in a way that can't be right, or in two ways."""

    status = 400
    error = "invalid_request"
    description = "Send exactly one access token, in the Authorization header."


class InvalidTokenError(NotLetThroughError):
    """It is unknown, expired, revoked, or not meant for this resource server. The client isn't told which of these."""

    error = "invalid_token"
    description = "The access token is expired, revoked or not valid here."


class InvalidDpopProofError(NotLetThroughError):
    """The DPoP proof is missing or not good (RFC 9449 §7.1). Its holder is told why: the token may be fine."""

    error = "invalid_dpop_proof"

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class UseDpopNonceError(NotLetThroughError):
    """The DPoP proof is good, but for its nonce (RFC 9449 §9)."""

    error = "use_dpop_nonce"
    description = "Make the proof with the nonce of the DPoP-Nonce header."

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self._nonce = nonce

    def headers(self, challenge: Challenge) -> list[tuple[str, str]]:
        """Return the same, with the nonce to use."""
        return [*super().headers(challenge), ("DPoP-Nonce", self._nonce)]


class InsufficientScopeError(NotLetThroughError):
    """The token is good but does not allow this."""

    status = 403
    error = "insufficient_scope"
    description = "The access token does not have the scope that this needs."

    def __init__(self, required_scopes: Collection[Scope], *, scheme: str = "Bearer") -> None:
        super().__init__(scheme=scheme)
        self.required_scope = asked_for(required_scopes) or None


class InsufficientUserAuthenticationError(NotLetThroughError):
    """The token is good, but the person behind it has to sign in more surely, or once more (RFC 9470 §3)."""

    error = "insufficient_user_authentication"
    description = "The person has to sign in again, as acr_values and max_age say."

    def __init__(self, acr_values: Sequence[str], max_age: int | None, *, scheme: str = "Bearer") -> None:
        super().__init__(scheme=scheme)
        self._acr_values = " ".join(acr_values) or None
        self._max_age = str(max_age) if max_age is not None else None

    def told(self) -> dict[str, str | None]:
        """Return the same, with what the client has to ask the authorization server for."""
        return {**super().told(), "acr_values": self._acr_values, "max_age": self._max_age}


class CannotValidateError(NotLetThroughError):
    """The authorization server can't be asked. This is never a 401: clients throw tokens away on that."""

    status = 503
    description = "Access tokens can't be validated at the moment. The token is still good; try again."
    challenges = False
    retry_after = 1

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class OutageError(CannotValidateError):
    """The authorization server can't be reached, doesn't answer in time, or says itself that it can't answer (5xx)."""


class MisconfiguredError(CannotValidateError):
    """Here and at the authorization server a name, a secret or an address is set differently.

    The reason says which side has to change what; the client isn't told.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason, retry_after=5)


class UnusableAnswerError(CannotValidateError):
    """The authorization server answered, but what it said is no answer to the question."""
