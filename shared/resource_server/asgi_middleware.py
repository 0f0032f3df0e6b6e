"""Lets only good tokens through to an ASGI application, whatever framework made it.

app = TokenMiddleware(app, connect(resource=…, …), lambda method, path: {"plans:read"})

The rule is explained in `access_rules.py`. Known tokens are validated in the event loop, which takes microseconds; only
questions to the authorization server go to threads, one for all who wait for the same answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any
from urllib.parse import quote

from .access_rules import RequiredScopes, needed_scopes
from .clock import seconds
from .errors import NotLetThroughError
from .fork import begin_anew_after_fork
from .introspection_response import ActiveToken
from .presented_token import PresentedProof
from .single_flight import Flight
from .token_validator import TokenValidator
from .wsgi_middleware import refuse_second_token

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
AsgiApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

_QUESTIONS = 32
"""How many may be on their way at once."""

_log = logging.getLogger(__name__)


class TokenMiddleware:
    """Answers what has no good token itself; the rest goes on with `scope["state"]["token"]`.

    Starlette and FastAPI show that as `request.state.token`. WebSockets are refused before they are accepted.
    """

    def __init__(
        self, app: AsgiApplication, validator: TokenValidator, required_scopes: RequiredScopes = lambda method, path: ()
    ) -> None:
        self._app = app
        self._validator = validator
        self._required_scopes = required_scopes
        self.begin_anew()
        begin_anew_after_fork(self)

    def begin_anew(self) -> None:
        """With threads of this process."""
        self._threads = ThreadPoolExecutor(_QUESTIONS, thread_name_prefix="introspection")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection. Raises NotImplementedError for a kind of connection that isn't known here."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] not in {"http", "websocket"}:
            raise NotImplementedError(f"no token can be asked for on a connection of type {scope['type']!r}")
        method, root_path = scope.get("method", "GET"), scope.get("root_path", "")
        scopes = needed_scopes(self._required_scopes, method, scope["path"], root_path)
        if scopes is not None:
            try:
                token = await self._validated(scope, scopes)
            except NotLetThroughError as refusal:
                _log.info("request not let through: %s", refusal)
                return await self._refuse(scope["type"], send, refusal)
            scope.setdefault("state", {})["token"] = token
        return await self._app(scope, receive, send)

    async def _validated(self, scope: Scope, required: Collection[str]) -> ActiveToken:
        authorization, proof = _authorization_of(scope), _proof_of(scope)
        if token := self._validator.remembered(authorization, *required):
            return token
        validation = self._validator.begin(authorization)
        if validation.must_fly:
            self._in_thread(validation.flight.fly)
        await _done(validation.flight.answer, validation.deadline)
        finish = partial(self._validator.finish, validation, required, proof)
        if proof is None:
            return finish()
        finishing = Flight(finish)
        self._in_thread(finishing.fly)
        await _done(finishing.answer, validation.deadline)
        return finishing.wait(validation.deadline)

    def _in_thread(self, action: Callable[[], None]) -> None:
        self._threads.submit(copy_context().run, action)

    async def _refuse(self, kind: str, send: Send, refusal: NotLetThroughError) -> None:
        if kind == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = [
            (name.lower().encode(), value.encode()) for name, value in refusal.headers(self._validator.challenge)
        ]
        await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await send({"type": "http.response.body", "body": refusal.body()})


async def _done(answer: Future[ActiveToken], deadline: float) -> None:
    """Wait without a thread, and without taking the answer from others when this task is cancelled."""
    if not answer.done():
        waiting = asyncio.wrap_future(answer)
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever calls `wait` is told
        await asyncio.wait([waiting], timeout=max(0.0, deadline - seconds()))


def _authorization_of(scope: Scope) -> str | None:
    authorization = _header(scope, b"authorization")
    refuse_second_token(authorization, scope.get("query_string", b"").decode("latin-1"))
    return authorization


def _proof_of(scope: Scope) -> PresentedProof | None:
    header = _header(scope, b"dpop")
    return PresentedProof(header, scope.get("method", "GET"), quote(scope["path"])) if header is not None else None


def _header(scope: Scope, wanted: bytes) -> str | None:
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return ",".join(sent) if sent else None
