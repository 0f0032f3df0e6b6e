"""A service under each way to protect it, called without a network."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from flask import Flask
from quart import Quart
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from werkzeug.datastructures import Headers
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Response

from shared.resource_server import (
    OPEN,
    OPTIONAL,
    ActiveToken,
    Needs,
    Scope,
    TokenValidator,
    any_of,
    asgi_middleware,
    django_middleware,
    needed_authentication,
    quart_protector,
    wsgi_middleware,
)
from shared.resource_server.resource_protector import ResourceProtector
from tests.support.django_project import small_project

RESOURCE = "https://plans.example/"
REQUIRED: dict[str, set[Scope]] = {
    "/plans": {"plans:read"},
    "/changes": {"plans:write"},
    "/any": set(),
    "/übung 1": {"plans:read"},
    "/either": {any_of("plans:write", "plans:admin")},
}
ACR, MAX_AGE = ("http://schemas.openid.net/pape/policies/2007/06/multi-factor", "phr"), 300
"""Of /export, beside the scope plans:read. Decorators take them as arguments, rules name them among the scopes."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    challenge: str | None
    retry_after: str | None
    nonce: str | None = None


Get = Callable[..., Answer]
"""Sends a GET to a path with headers, of which one may have several values."""


def required_scopes(_method: str, path: str) -> Needs:
    export = {"plans:read", needed_authentication(ACR, MAX_AGE)}
    special: dict[str, Needs] = {"/open": OPEN, "/optional": OPTIONAL, "/export": export}
    return special.get(path, REQUIRED.get(path))


def flask_adapter(validator: TokenValidator) -> Get:
    app = Flask(__name__)
    require_token = ResourceProtector(validator)

    def view(token: ActiveToken | None) -> str:
        return f"for {token.subject if token else 'all'}"

    for path, scopes in REQUIRED.items():
        app.add_url_rule(path, path, require_token(*scopes)(view))
    app.add_url_rule("/export", "export", require_token("plans:read", acr=ACR, max_age=MAX_AGE)(view))
    app.add_url_rule("/open", "open", lambda: "for all")
    app.add_url_rule("/optional", "optional", require_token.optional(view))
    return lambda path, **headers: _answer(app.test_client().get(path, headers=_http(headers)))


def wsgi_adapter(validator: TokenValidator) -> Get:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        token = environ.get(wsgi_middleware.TOKEN)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"for {token.subject if token else 'all'}".encode()]

    client = Client(wsgi_middleware.TokenMiddleware(application, validator, required_scopes), Response)
    return lambda path, **headers: _answer(client.get(path, headers=_http(headers)))


def asgi_adapter(validator: TokenValidator) -> Get:
    async def view(request: Request) -> PlainTextResponse:
        token = getattr(request.state, "token", None)
        return PlainTextResponse(f"for {token.subject if token else 'all'}")

    routes = [Route(path, view) for path in (*REQUIRED, "/export", "/open", "/optional")]
    app = asgi_middleware.TokenMiddleware(Starlette(routes=routes), validator, required_scopes)
    return lambda path, **headers: asyncio.run(call_asgi(app, path, _http(headers)))


async def call_asgi(app: Any, path: str, headers: list[tuple[str, str]], method: str = "GET") -> Answer:
    sent: list[dict[str, Any]] = []

    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        return await asyncio.get_running_loop().create_future()  # the client stays

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": raw,
        "client": ("127.0.0.1", 1),
        "server": ("plans.example", 80),
    }
    await app(scope, receive, send)
    answered = Headers([(name.decode(), value.decode()) for name, value in sent[0]["headers"]])
    return _answer_of(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode(), answered)


def _answer(response: Any) -> Answer:
    return _answer_of(response.status_code, response.text, response.headers)


def _answer_of(status: int, body: str, headers: Headers) -> Answer:
    challenge = ", ".join(headers.getlist("WWW-Authenticate")) or None
    return Answer(status, body, challenge, headers.get("Retry-After"), headers.get("DPoP-Nonce"))


def _http(headers: dict[str, str | list[str]]) -> list[tuple[str, str]]:
    return [
        (name.title(), value)
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]


def quart_adapter(validator: TokenValidator) -> Get:
    app = Quart(__name__)
    require_token = quart_protector.ResourceProtector(validator)

    async def view(token: ActiveToken | None) -> str:
        return f"for {token.subject if token else 'all'}"

    async def open_to_all() -> str:
        return "for all"

    for path, scopes in REQUIRED.items():
        app.add_url_rule(path, path, require_token(*scopes)(view))
    app.add_url_rule("/export", "export", require_token("plans:read", acr=ACR, max_age=MAX_AGE)(view))
    app.add_url_rule("/open", "open", open_to_all)
    app.add_url_rule("/optional", "optional", require_token.optional(view))
    return lambda path, **headers: asyncio.run(call_asgi(app, path, _http(headers)))


def django_adapter(validator: TokenValidator) -> Get:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"for {request.token.subject if request.token else 'all'}")

    middleware = _django_middleware(validator)(view)

    def get(path: str, **headers: str | list[str]) -> Answer:
        request = WSGIRequest(EnvironBuilder(path, headers=_http(headers)).get_environ())
        return _django_answer(middleware(request))

    return get


def django_async_adapter(validator: TokenValidator) -> Get:
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"for {request.token.subject if request.token else 'all'}")

    middleware = _django_middleware(validator)(view)

    async def answered(path: str, headers: list[tuple[str, str]]) -> Answer:
        scope: dict[str, Any] = {}

        async def keep(given: dict[str, Any], _receive: Any, send: Any) -> None:
            scope.update(given)
            await send({"type": "http.response.start", "status": 200, "headers": []})

        await call_asgi(keep, path, headers)
        return _django_answer(await middleware(ASGIRequest(scope, io.BytesIO())))

    return lambda path, **headers: asyncio.run(answered(path, _http(headers)))


def _django_middleware(validator: TokenValidator) -> Any:
    small_project()

    class Protected(django_middleware.TokenMiddleware):
        def required_scopes(self, method: str, path: str) -> Needs:
            return required_scopes(method, path)

    Protected.validator = validator
    return Protected


def _django_answer(response: HttpResponse) -> Answer:
    return _answer_of(response.status_code, response.content.decode(), Headers(list(response.items())))


ADAPTERS = {
    "Flask": flask_adapter,
    "WSGI": wsgi_adapter,
    "ASGI": asgi_adapter,
    "Quart": quart_adapter,
    "Django": django_adapter,
    "Django under ASGI": django_async_adapter,
}
