"""Lets only good tokens through to a WSGI application, whatever framework made it.

app = TokenMiddleware(app, connect(resource=…, …), lambda method, path: {"plans:read"})

The rule is explained in `access_rules.py`.
"""

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from .access_rules import OPTIONAL, RequiredScopes, needed_scopes
from .errors import NotLetThroughError, NoTokenError
from .introspection.response import ActiveToken
from .one_proof import validated
from .presented_token import PresentedProof, refuse_second_token
from .token_validator import TokenValidator

TOKEN = "resource_server.token"
"""The application finds its `ActiveToken` here in the WSGI environment, or None where one is optional and none came."""

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_log = logging.getLogger(__name__)


class TokenMiddleware:
    """It answers what has no good token itself; the rest goes on with `environ[TOKEN]`."""

    def __init__(
        self, app: WsgiApplication, validator: TokenValidator, required_scopes: RequiredScopes = lambda method, path: ()
    ) -> None:
        self._app = app
        self._validator = validator
        self._required_scopes = required_scopes

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if not path.isascii():
            path = path.encode("latin-1").decode(errors="replace")  # as ASGI has it; WSGI has bytes (PEP 3333)
        scopes = needed_scopes(self._required_scopes, environ["REQUEST_METHOD"], path)
        if scopes is not None:
            try:
                authorization, proof = authorization_of(environ), proof_of(environ)
                if scopes is OPTIONAL:
                    environ[TOKEN] = self._validated_if_sent(environ, authorization, proof)
                else:
                    environ[TOKEN] = validated(environ, self._validator, authorization, (*scopes,), proof)
            except NotLetThroughError as refusal:
                _log.info("request not let through: %s", refusal)
                status = f"{refusal.status} {HTTPStatus(refusal.status).phrase}"
                start_response(status, refusal.headers(self._validator.challenge))
                return [refusal.body()]
        return self._app(environ, start_response)

    def _validated_if_sent(
        self, environ: dict[str, Any], authorization: str | None, proof: PresentedProof | None
    ) -> ActiveToken | None:
        try:
            return validated(environ, self._validator, authorization, (), proof)
        except NoTokenError:
            return None


def authorization_of(environ: dict[str, Any]) -> str | None:
    """Return the `Authorization` header. Raises MalformedRequestError for a second token (RFC 6750 §2)."""
    authorization: str | None = environ.get("HTTP_AUTHORIZATION")
    if query := environ.get("QUERY_STRING"):
        refuse_second_token(authorization, query)
    return authorization


def proof_of(environ: dict[str, Any]) -> PresentedProof | None:
    """Return the `DPoP` header and what its proof has to be made for, as the application sees it."""
    header = environ.get("HTTP_DPOP")
    if header is None:
        return None
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return PresentedProof(header, environ["REQUEST_METHOD"], quote(path.encode("latin-1")))
