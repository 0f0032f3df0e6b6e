"""Tokens as FastAPI's dependencies, route by route; its OpenAPI document shows the scopes. Needs FastAPI.

token = TokenSecurity(connect(resource=…, …), scopes={"plans:read": "See your plans"})

@app.get("/plans")
async def plans(token: Annotated[ActiveToken, Security(token, scopes=["plans:read"])]):
    return await plans_of(token.subject)
"""

import logging
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Self

from fastapi import HTTPException, Request
from fastapi.openapi.models import OAuth2, OAuthFlowAuthorizationCode, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from .asgi_middleware import authorization_of, validated
from .authentication import NeededAuthentication, needed_authentication
from .errors import NotLetThroughError
from .event_loop.validation import AsyncValidation
from .introspection.response import ActiveToken
from .needs import Need
from .token_validator import TokenValidator

_log = logging.getLogger(__name__)


class TokenSecurity(SecurityBase):
    """`Security(…, scopes=[…])` demands all these scopes of it; for `Depends(…)` any good token will do.

    What is refused is FastAPI's `HTTPException`, with the challenge or `Retry-After` that belongs to it. Only for
    requests; WebSockets are protected by `asgi_middleware.py`.

    Args:
        validator: from `connect`.
        scopes: what the routes need, with a text for people, as the OpenAPI document shows them.
        authorization_url: where people allow an app something; by default `/authorize` at the issuer.
        token_url: where apps get tokens; by default `/token` at the issuer.
        scheme_name: how the OpenAPI document calls all this.
    """

    def __init__(
        self,
        validator: TokenValidator,
        *,
        scopes: Mapping[str, str],
        authorization_url: str | None = None,
        token_url: str | None = None,
        scheme_name: str = "oauth2",
    ) -> None:
        self._validator = validator
        self._validation = AsyncValidation(validator)
        self._authentication: tuple[NeededAuthentication, ...] = ()
        code = OAuthFlowAuthorizationCode(
            authorizationUrl=authorization_url or f"{validator.issuer}/authorize",
            tokenUrl=token_url or f"{validator.issuer}/token",
            scopes=dict(scopes),
        )
        self.model = OAuth2(flows=OAuthFlows(authorizationCode=code))
        self.scheme_name = scheme_name

    def signed_in(self, *, acr: str | Sequence[str] | None = None, max_age: int | None = None) -> Self:
        """Return the same for routes whose person has to have signed in so surely, or so lately (RFC 9470).

        `acr` names a class of sign-ins, or several, one of which it takes; `max_age`, in seconds, how long ago it may
        have been. Raises ValueError for what no challenge could say.
        """
        stronger = copy(self)
        stronger._authentication = (needed_authentication(acr, max_age),)
        return stronger

    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> ActiveToken:
        """Return the token of a request. Raises HTTPException."""
        needs: tuple[Need, ...] = (*security_scopes.scopes, *self._authentication)
        try:
            token = await validated(self._validation, request.scope, authorization_of(request.scope), needs)
        except NotLetThroughError as refusal:
            _log.info("request not let through: %s", refusal)
            headers = refusal.merged_headers(self._validator.challenge)
            del headers["Content-Type"]  # FastAPI has a form of its own
            raise HTTPException(refusal.status, refusal.detail, headers) from refusal
        assert token is not None  # it isn't optional here
        return token
