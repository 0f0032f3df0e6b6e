"""Lets only good tokens through to an ASGI application, whatever framework made it.

app = TokenMiddleware(app, connect(resource=…, …), lambda method, path: {"plans:read"})

The rule is explained in `access_rules.py`. It runs in asyncio's loop or Trio's.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from functools import partial
from typing import Any
from urllib.parse import quote

from .access_rules import OPTIONAL, Optional, RequiredScopes, needed_scopes
from .errors import CannotValidateError, NotLetThroughError
from .event_loop.validation import AsyncValidation
from .event_loop.watched_socket import POLICY_VIOLATION, TRY_AGAIN_LATER, WatchedSocket
from .introspection.response import ActiveToken
from .needs import Need
from .one_proof import note_proven, proof_left
from .presented_token import EARLIER, PresentedProof, refuse_second_token
from .token_validator import TokenValidator

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
AsgiApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

WEBSOCKET = "WEBSOCKET"
"""A rule gets this for a method where somebody opens a WebSocket."""
_DENIAL = "websocket.http.response"

_log = logging.getLogger(__name__)


class TokenMiddleware:
    """It answers what has no good token itself; the rest goes on with `scope["state"]["token"]`.

    Starlette and FastAPI show that as `request.state.token`; it is None where a token is optional and none came.

    WebSockets are refused before they are accepted, with the answer that a request would get where the server can send
    one. An open one is closed, with 1008, when its token no longer meets what the rule demands.
    """

    def __init__(
        self, app: AsgiApplication, validator: TokenValidator, required_scopes: RequiredScopes = lambda method, path: ()
    ) -> None:
        self._app = app
        self._validator = validator
        self._validation = AsyncValidation(validator)
        self._required_scopes = required_scopes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection. Raises NotImplementedError for a kind of connection that isn't known here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] not in {"http", "websocket"}:
            raise NotImplementedError(f"no token can be asked for on a connection of type {scope['type']!r}")
        method, root_path = scope["method"] if scope["type"] == "http" else WEBSOCKET, scope.get("root_path", "")
        scopes = needed_scopes(self._required_scopes, method, scope["path"], root_path)
        if scopes is None:
            await self._app(scope, receive, send)
            return
        try:
            authorization = authorization_of(scope)
            token = self._validator.remembered(authorization, *scopes) if scopes is not OPTIONAL else None
            if token is None:  # what memory tells needs no coroutine, and no look for a proof
                token = await validated(self._validation, scope, authorization, scopes)
        except NotLetThroughError as refusal:
            _log.info("request not let through: %s", refusal)
            await self._refuse(scope, receive, send, refusal)
            return
        scope.setdefault("state", {})["token"] = token
        if scope["type"] == "websocket" and token is not None:
            await self._watched(scope, receive, send, authorization, scopes)
        else:
            await self._app(scope, receive, send)

    async def _watched(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        authorization: str | None,
        required: Collection[Need] | Optional,
    ) -> None:
        check: Callable[[], Awaitable[ActiveToken | None]] = partial(
            self._validation.validate, authorization, required, EARLIER
        )
        socket = WatchedSocket(receive, send, check, every=self._validator.look_again_after)
        try:
            await self._app(scope, socket.receive, socket.send)
        finally:
            socket.close()

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refusal: NotLetThroughError) -> None:
        kind = "http.response"
        if scope["type"] == "websocket":
            await receive()  # websocket.connect
            if _DENIAL not in (scope.get("extensions") or {}):
                await _close(send, refusal)
                return
            kind = _DENIAL
        body = refusal.body()
        length = ("Content-Length", str(len(body)))  # without it some servers send chunks, to HTTP/1.0 too
        headers = [
            (name.lower().encode(), value.encode())
            for name, value in [*refusal.headers(self._validator.challenge), length]
        ]
        await send({"type": f"{kind}.start", "status": refusal.status, "headers": headers})
        await send({"type": f"{kind}.body", "body": body})


async def _close(send: Send, refusal: NotLetThroughError) -> None:
    """Servers make 403 of a socket that is closed before it is open. That must not stand for an outage."""
    outage = isinstance(refusal, CannotValidateError)
    if outage:
        await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": TRY_AGAIN_LATER if outage else POLICY_VIOLATION})


async def validated(
    validation: AsyncValidation,
    scope: MutableMapping[str, Any],
    authorization: str | None,
    needs: Collection[Need] | Optional,
) -> ActiveToken | None:
    """Return or raise what `validate` does."""
    validator, proof = validation.validator, proof_of(scope)
    token = await validation.validate(authorization, needs, proof_left(scope, validator, authorization, proof))
    note_proven(scope, validator, authorization, proof)
    return token


def authorization_of(scope: Mapping[str, Any]) -> str | None:
    """Return the `Authorization` header. Raises MalformedRequestError for a second token (RFC 6750 §2)."""
    authorization = _header(scope, b"authorization")
    refuse_second_token(authorization, scope.get("query_string", b"").decode("latin-1"))
    return authorization


def proof_of(scope: Mapping[str, Any]) -> PresentedProof | None:
    """Return the `DPoP` header and what its proof has to be made for, as the application sees it."""
    header = _header(scope, b"dpop")
    return PresentedProof(header, scope.get("method", "GET"), quote(scope["path"])) if header is not None else None


def _header(scope: Mapping[str, Any], wanted: bytes) -> str | None:
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return ",".join(sent) if sent else None
