"""Why a request is not let through: status, OAuth error code and challenge of each case (RFC 6750 §3).

The public half says what a client can act on; the private half, `reason`, is for the log.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a resource server says of itself when it asks for a token."""

    realm: str
    resource_metadata: str | None = None
    """The address of its description (RFC 9728 §5.1)."""


class NotLetThroughError(Exception):
    """The request ends here."""

    status = 401
    error: str | None = None
    """RFC 6750 §3.1's code; None where the client sent no token at all."""
    description: str | None = None
    challenges = True
    """Whether the answer asks for a (better) token."""
    retry_after: int | None = None
    """Seconds."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or self.description or self.error or "")
        self.required_scope: str | None = None

    def headers(self, challenge: Challenge) -> list[tuple[str, str]]:
        """`WWW-Authenticate` (each parameter once) or `Retry-After`, and what the body is."""
        headers = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
        if self.challenges:
            parameters = {
                "realm": challenge.realm,
                "error": self.error,
                "error_description": self.description,
                "scope": self.required_scope,
                "resource_metadata": challenge.resource_metadata,
            }
            quoted = ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value is not None)
            headers.append(("WWW-Authenticate", f"Bearer {quoted}"))
        if self.retry_after is not None:
            headers.append(("Retry-After", str(self.retry_after)))
        return headers

    def body(self) -> bytes:
        """An RFC 9457 problem."""
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.description or "Send an access token in the Authorization header.",
        }
        return json.dumps(problem).encode()


class NoTokenError(NotLetThroughError):
    """No credentials: the challenge carries no error code (RFC 6750 §3.1)."""


class MalformedRequestError(NotLetThroughError):
    """The token was sent in a way that can't be right, or in two ways."""

    status = 400
    error = "invalid_request"
    description = "Send exactly one access token, in the Authorization header."


class InvalidTokenError(NotLetThroughError):
    """Unknown, expired, revoked, or not meant for this resource server. Which of these, the client isn't told."""

    error = "invalid_token"
    description = "The access token is expired, revoked or not valid here."


class InsufficientScopeError(NotLetThroughError):
    """The token is good but does not allow this."""

    status = 403
    error = "insufficient_scope"
    description = "The access token does not have the scope that this needs."

    def __init__(self, required_scopes: Iterable[str]) -> None:
        super().__init__()
        self.required_scope = " ".join(required_scopes)


class CannotValidateError(NotLetThroughError):
    """The authorization server can't be asked. Never 401: clients throw tokens away on that."""

    status = 503
    description = "Access tokens can't be validated at the moment. The token is still good; try again."
    challenges = False
    retry_after = 1

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
