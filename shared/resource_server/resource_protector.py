"""The Flask decorator that lets only good tokens through.

require_token = ResourceProtector(connect(resource=…, issuer=…, client_id=…, client_secret=…))

@app.get("/plans")
@require_token("plans:read")
def plans(token):
    return plans_of(token.subject)
"""

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec

from flask import Response, request
from flask.typing import ResponseReturnValue

from .errors import MalformedRequestError, NotLetThroughError, NoTokenError
from .introspection.response import ActiveToken
from .needs import with_authentication
from .one_proof import Validator, validated
from .scopes import Scope
from .wsgi_middleware import authorization_of, proof_of

P = ParamSpec("P")
ProtectedView = Callable[Concatenate[ActiveToken, P], ResponseReturnValue]
View = Callable[P, ResponseReturnValue]

_FORM = "application/x-www-form-urlencoded"

_log = logging.getLogger(__name__)


class ResourceProtector:
    """Called with the scopes that a view needs, it decorates the view, which gets the token as its first argument."""

    def __init__(self, validator: Validator) -> None:
        self._validator = validator

    def __call__(
        self, *scopes: Scope, fresh: bool = False, acr: str | Sequence[str] | None = None, max_age: int | None = None
    ) -> Callable[[ProtectedView[P]], View[P]]:
        """Return the decorator. Without scopes any good token will do; with `fresh` the server is asked.

        `acr` names a class of sign-ins, or several, one of which it takes; `max_age`, in seconds, how long ago the
        person may have signed in (RFC 9470).
        """
        needs = with_authentication(scopes, acr, max_age)

        def decorate(view: ProtectedView[P]) -> View[P]:
            @functools.wraps(view)
            def protected(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
                environ = request.environ  # once: to find the present request takes a tenth of what a known token costs
                try:
                    authorization, proof = _authorization(environ), proof_of(environ)
                    token = validated(environ, self._validator, authorization, needs, proof, fresh=fresh)
                except NotLetThroughError as refusal:
                    return self.answer(refusal)
                return view(token, *args, **kwargs)

            return protected

        return decorate

    def optional(self, view: Callable[Concatenate[ActiveToken | None, P], ResponseReturnValue]) -> View[P]:
        """Decorate a view that anybody may see, but differently with a token. One that is sent has to be good."""

        @functools.wraps(view)
        def protected(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            token, environ = None, request.environ
            try:
                token = validated(environ, self._validator, _authorization(environ), (), proof_of(environ))
            except NoTokenError:
                pass
            except NotLetThroughError as refusal:
                return self.answer(refusal)
            return view(token, *args, **kwargs)

        return protected

    def answer(self, refusal: NotLetThroughError) -> Response:
        """Return a problem document with the challenge that belongs to it."""
        _log.info("request not let through: %s", refusal)
        return Response(refusal.body(), refusal.status, refusal.headers(self._validator.challenge))


def _authorization(environ: dict[str, Any]) -> str | None:
    kind = environ.get("CONTENT_TYPE")
    if kind and kind.startswith(_FORM) and "HTTP_AUTHORIZATION" in environ and "access_token" in request.form:
        raise MalformedRequestError
    return authorization_of(environ)
