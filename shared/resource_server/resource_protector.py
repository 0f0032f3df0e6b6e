"""The Flask decorator that lets only good tokens through.

require_token = protect(resource=…, issuer=…, client_id=…, client_secret=…)

@app.get("/plans")
@require_token("plans:read")
def plans(token):
    return plans_of(token.subject)
"""

import functools
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from .errors import MalformedRequestError, NotLetThroughError
from .introspection_client import DEADLINE, IntrospectionClient
from .introspection_response import ActiveToken
from .token_validator import TokenValidator

P = ParamSpec("P")
ProtectedView = Callable[Concatenate[ActiveToken, P], ResponseReturnValue]
View = Callable[P, ResponseReturnValue]

_log = logging.getLogger(__name__)


class ResourceProtector:
    """Called with the scopes that a view needs, it decorates the view, which gets the token as its first argument."""

    def __init__(self, validator: TokenValidator, realm: str, resource_metadata: str | None = None) -> None:
        self._validator = validator
        self._realm = realm
        self._resource_metadata = resource_metadata

    def __call__(self, *scopes: str) -> Callable[[ProtectedView[P]], View[P]]:
        """The decorator. Without scopes, any good token will do."""

        def decorate(view: ProtectedView[P]) -> View[P]:
            @functools.wraps(view)
            def protected(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
                try:
                    token = self._validated_token(scopes)
                except NotLetThroughError as refusal:
                    return self.answer(refusal)
                return view(token, *args, **kwargs)

            return protected

        return decorate

    def answer(self, refusal: NotLetThroughError) -> Response:
        """A problem document with the challenge that belongs to it."""
        if refusal.status >= 500:
            _log.error("token not validated: %s", refusal)
        else:
            _log.info("request not let through: %s", refusal)
        response = jsonify(refusal.problem())
        response.status_code = refusal.status
        response.mimetype = "application/problem+json"
        response.headers.extend(refusal.headers(self._realm, self._resource_metadata))
        response.headers["Cache-Control"] = "no-store"
        return response

    def _validated_token(self, scopes: tuple[str, ...]) -> ActiveToken:
        authorization = request.headers.get("Authorization")
        if authorization and ("access_token" in request.args or "access_token" in request.form):
            raise MalformedRequestError  # two ways at once (RFC 6750 §2); in the query alone it is no token at all
        return self._validator.validate(authorization, *scopes)


def protect(
    *,
    resource: str,
    issuer: str,
    client_id: str,
    client_secret: str,
    auth_url: str | None = None,
    realm: str | None = None,
    resource_metadata: str | None = None,
    deadline: float = DEADLINE,
    request_id: Callable[[], str | None] = lambda: None,
) -> ResourceProtector:
    """A protector for one resource server.

    Args:
        resource: this server's identifier, as it was registered; a token must name it in its audience.
        issuer: who must have issued the token, as clients see it.
        client_id: the registered name of this resource server, with `client_secret` its password at /introspect.
        client_secret: see `client_id`.
        auth_url: where the authorization server is reached from here, if not at `issuer`.
        realm: the name in challenges; by default `resource`.
        resource_metadata: the address of this server's description of itself (RFC 9728), for challenges to name.
        deadline: seconds that a validation may take before it is a 503.
        request_id: the id of the request being answered, to be sent along.
    """
    introspector = IntrospectionClient(
        f"{auth_url or issuer}/introspect", client_id, client_secret, deadline=deadline, request_id=request_id
    )
    validator = TokenValidator(introspector, issuer=issuer, resource=resource)
    return ResourceProtector(validator, realm or resource, resource_metadata)
