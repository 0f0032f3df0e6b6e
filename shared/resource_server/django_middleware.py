"""Lets only good tokens through to a Django project. Needs Django.

class JournalTokens(TokenMiddleware):
    validator = connect(resource=…, …)

    def required_scopes(self, method, path):
        return {"journal:read"}

MIDDLEWARE = ["journal.tokens.JournalTokens"]

The rule is explained in `access_rules.py`. It works under WSGI and under ASGI, for views of both kinds.
"""

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import quote

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from .access_rules import OPTIONAL, Needs, Optional, needed_scopes
from .errors import NotLetThroughError, NoTokenError
from .event_loop.validation import AsyncValidation
from .introspection.response import ActiveToken
from .needs import Need
from .one_proof import note_proven, proof_left, validated
from .presented_token import PresentedProof
from .token_validator import TokenValidator
from .wsgi_middleware import authorization_of

_log = logging.getLogger(__name__)


class TokenMiddleware:
    """Subclass it with a `validator` and a rule. What has no good token it answers itself.

    Views find the token as `request.token`; it is None where a token is optional and none came, or for what is OPEN.
    """

    sync_capable = True
    async_capable = True
    validator: TokenValidator

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._validation = AsyncValidation(self.validator)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def required_scopes(self, method: str, path: str) -> Needs:
        """Return what a request needs; by default nobody gets in. The path is the project's, and percent-decoded."""
        return None

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer one request, in a thread or in an event loop."""
        if self._is_async:
            return self._answered(request)
        request.token = None
        try:
            scopes = needed_scopes(self.required_scopes, request.method, request.path_info)
            if scopes is not None:
                request.token = self._validated(request, scopes)
        except NotLetThroughError as refusal:
            return self.answer(refusal)
        return self._get_response(request)

    async def _answered(self, request: HttpRequest) -> HttpResponseBase:
        request.token = None
        try:
            scopes = needed_scopes(self.required_scopes, request.method, request.path_info)
            if scopes is not None:
                authorization, proof = authorization_of(request.META), proof_of(request)
                left = proof_left(request.META, self.validator, authorization, proof)
                request.token = await self._validation.validate(authorization, scopes, left)
                note_proven(request.META, self.validator, authorization, proof)
        except NotLetThroughError as refusal:
            return self.answer(refusal)
        return await self._get_response(request)

    def _validated(self, request: HttpRequest, required: Collection[Need] | Optional) -> ActiveToken | None:
        authorization, proof = authorization_of(request.META), proof_of(request)
        if required is not OPTIONAL:
            return validated(request.META, self.validator, authorization, (*required,), proof)
        try:
            return validated(request.META, self.validator, authorization, (), proof)
        except NoTokenError:
            return None

    def answer(self, refusal: NotLetThroughError) -> HttpResponse:
        """Return a problem document with the challenge that belongs to it."""
        _log.info("request not let through: %s", refusal)
        headers = refusal.merged_headers(self.validator.challenge)
        return HttpResponse(refusal.body(), status=refusal.status, headers=headers)


def proof_of(request: HttpRequest) -> PresentedProof | None:
    """Return the `DPoP` header and what its proof has to be made for."""
    header = request.META.get("HTTP_DPOP")
    return PresentedProof(header, request.method, quote(request.path)) if header is not None else None
