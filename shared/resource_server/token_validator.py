"""Is this token good here, for this? Begins at no; every check that speaks against it is visible in one list.

Knows no web framework: `resource_protector.py` is the one for Flask.
"""

import re
from typing import Protocol

from .errors import InsufficientScopeError, InvalidTokenError, MalformedRequestError, NoTokenError
from .introspection_client import RawAnswer
from .introspection_response import ActiveToken, read_introspection_response

_BEARER = re.compile(r"bearer(?: +(.*))?", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,2048}=*")


class Introspector(Protocol):
    """Whoever can be asked about a token."""

    def introspect(self, token: str) -> RawAnswer:
        """Raises CannotValidateError."""


class TokenValidator:
    """Validates bearer tokens for one resource server."""

    def __init__(self, introspector: Introspector, *, issuer: str, resource: str) -> None:
        self._introspector = introspector
        self._issuer = issuer
        self._resource = resource

    def validate(self, authorization: str | None, *required_scopes: str) -> ActiveToken:
        """The token in an `Authorization` header. Raises a NotLetThroughError."""
        token = bearer_token(authorization)
        answer = self._introspector.introspect(token)
        active = read_introspection_response(answer.body, token)
        if active.token_type.lower() != "bearer":
            raise InvalidTokenError(f"token type {active.token_type}")
        if active.issuer != self._issuer:
            raise InvalidTokenError(f"issued by {active.issuer}")
        if self._resource not in active.audience:
            raise InvalidTokenError("meant for another resource server")
        if active.expires_at <= answer.written_at:
            raise InvalidTokenError("expired")
        if not active.scopes.issuperset(required_scopes):
            raise InsufficientScopeError(required_scopes)
        return active


def bearer_token(authorization: str | None) -> str:
    """The token of an `Authorization` header (RFC 6750 §2.1). Raises NoTokenError or MalformedRequestError."""
    credentials = _BEARER.fullmatch(authorization.strip()) if authorization else None
    if credentials is None:
        raise NoTokenError
    token = credentials[1] or ""
    if _TOKEN.fullmatch(token) is None:
        raise MalformedRequestError
    return token
