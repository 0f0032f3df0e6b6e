"""The Quart decorator that lets only good tokens through. Needs Quart.

require_token = ResourceProtector(connect(resource=…, issuer=…, client_id=…, client_secret=…))

@app.get("/plans")
@require_token("plans:read")
async def plans(token):
    return await plans_of(token.subject)
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Concatenate, ParamSpec, cast

from quart import Response, request
from quart.typing import ResponseReturnValue

from .access_rules import OPTIONAL, Optional
from .asgi_middleware import authorization_of, validated
from .errors import NotLetThroughError
from .event_loop.validation import AsyncValidation
from .introspection.response import ActiveToken
from .needs import Need, with_authentication
from .scopes import Scope
from .token_validator import TokenValidator

P = ParamSpec("P")
View = Callable[P, Awaitable[ResponseReturnValue]]
ProtectedView = Callable[Concatenate[ActiveToken, P], Awaitable[ResponseReturnValue]]
OpenView = Callable[Concatenate[ActiveToken | None, P], Awaitable[ResponseReturnValue]]

_log = logging.getLogger(__name__)


class ResourceProtector:
    """Called with the scopes that a view needs, it decorates the view, which gets the token as its first argument.

    For views that are coroutine functions. WebSockets are protected by `asgi_middleware.py`.
    """

    def __init__(self, validator: TokenValidator) -> None:
        self._validator = validator
        self._validation = AsyncValidation(validator)

    def __call__(
        self, *scopes: Scope, acr: str | Sequence[str] | None = None, max_age: int | None = None
    ) -> Callable[[ProtectedView[P]], View[P]]:
        """Return the decorator. Without scopes, any good token will do.

        `acr` names a class of sign-ins, or several, one of which it takes; `max_age`, in seconds, how long ago the
        person may have signed in (RFC 9470).
        """
        needs = with_authentication(scopes, acr, max_age)

        def decorate(view: ProtectedView[P]) -> View[P]:
            return self._decorated(needs, view)

        return decorate

    def optional(self, view: OpenView[P]) -> View[P]:
        """Decorate a view that anybody may see, but differently with a token. One that is sent has to be good."""
        return self._decorated(OPTIONAL, view)

    def _decorated(
        self,
        needs: Collection[Need] | Optional,
        view: Callable[..., Awaitable[ResponseReturnValue]],
    ) -> View[P]:
        @functools.wraps(view)
        async def protected(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            scope = cast("dict[str, Any]", request.scope)
            try:
                token = await validated(self._validation, scope, authorization_of(scope), needs)
            except NotLetThroughError as refusal:
                return self.answer(refusal)
            return await view(token, *args, **kwargs)

        return protected

    def answer(self, refusal: NotLetThroughError) -> Response:
        """Return a problem document with the challenge that belongs to it."""
        _log.info("request not let through: %s", refusal)
        response = Response(refusal.body(), refusal.status)
        for name, value in refusal.merged_headers(self._validator.challenge).items():
            response.headers[name] = value
        return response
