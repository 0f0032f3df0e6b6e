"""Flask, plain WSGI and ASGI (Starlette) protect alike: the same requests get the same answers, byte for byte."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from werkzeug.test import Client
from werkzeug.wrappers import Response

from shared.resource_server import ActiveToken, TokenValidator, asgi_middleware, connect, wsgi_middleware
from shared.resource_server.resource_protector import ResourceProtector
from tests.support.small_authorization_server import ISSUER, SmallAuthorizationServer, small_authorization_server

RESOURCE = "https://plans.example/"
REQUIRED = {"/plans": {"plans:read"}, "/changes": {"plans:write"}, "/any": set()}


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    challenge: str | None
    retry_after: str | None


Get = Callable[..., Answer]


def required_scopes(_method: str, path: str) -> set[str] | None:
    return REQUIRED.get(path)


def flask_adapter(validator: TokenValidator) -> Get:
    app = Flask(__name__)
    require_token = ResourceProtector(validator)

    def view(token: ActiveToken) -> str:
        return f"for {token.subject}"

    for path, scopes in REQUIRED.items():
        app.add_url_rule(path, path, require_token(*scopes)(view))
    app.add_url_rule("/open", "open", lambda: "for all")
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

    routes = [Route(path, view) for path in (*REQUIRED, "/open")]
    app = asgi_middleware.TokenMiddleware(Starlette(routes=routes), validator, required_scopes)
    return lambda path, **headers: asyncio.run(_call_asgi(app, path, _http(headers)))


async def _call_asgi(app: Any, path: str, headers: dict[str, str]) -> Answer:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": raw}
    await app(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    return Answer(sent[0]["status"], body, answered.get("www-authenticate"), answered.get("retry-after"))


def _answer(response: Any) -> Answer:
    headers = response.headers
    return Answer(response.status_code, response.text, headers.get("WWW-Authenticate"), headers.get("Retry-After"))


def _http(headers: dict[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


@pytest.fixture
def server() -> Iterator[SmallAuthorizationServer]:
    with small_authorization_server(RESOURCE) as running:
        yield running


@pytest.fixture(params=[flask_adapter, wsgi_adapter, asgi_adapter], ids=["Flask", "WSGI", "ASGI"])
def get(request: pytest.FixtureRequest, server: SmallAuthorizationServer) -> Iterator[Get]:
    validator = connect(
        resource=RESOURCE,
        issuer=ISSUER,
        client_id="plans",
        client_secret="a secret",
        auth_url=server.address,
        realm="plans",
    )
    yield request.param(validator)
    server.let_polls_go()
    validator.close()


def problem(status: int, title: str, detail: str) -> str:
    return f'{{"type": "about:blank", "title": "{title}", "status": {status}, "detail": "{detail}"}}'


def test_a_good_token_gets_through_first_by_introspection_then_from_memory(
    get: Get, server: SmallAuthorizationServer
) -> None:
    token = server.issue("a")
    answers = [get("/plans", authorization=f"Bearer {token}") for _ in range(20)]
    assert answers == [Answer(200, "for sub_1", None, None)] * 20
    assert len(server.introspections) < 20


def test_without_required_scopes_any_good_token_will_do(get: Get, server: SmallAuthorizationServer) -> None:
    token = server.issue("a", scope="other")
    assert get("/any", authorization=f"Bearer {token}").status == 200


def test_a_path_that_needs_no_token_asks_for_none(get: Get, server: SmallAuthorizationServer) -> None:
    assert get("/open", authorization="Bearer nonsense").body == "for all"
    assert server.introspections == []


@pytest.mark.clause("RFC 6750 §3")
def test_no_token(get: Get) -> None:
    detail = "Send an access token in the Authorization header."
    assert get("/plans") == Answer(401, problem(401, "Unauthorized", detail), 'Bearer realm="plans"', None)


@pytest.mark.clause("RFC 6750 §3.1")
def test_a_bad_token(get: Get) -> None:
    detail = "The access token is expired, revoked or not valid here."
    challenge = f'Bearer realm="plans", error="invalid_token", error_description="{detail}"'
    assert get("/plans", authorization="Bearer x") == Answer(401, problem(401, "Unauthorized", detail), challenge, None)


@pytest.mark.clause("RFC 6750 §3.1")
def test_a_missing_scope(get: Get, server: SmallAuthorizationServer) -> None:
    detail = "The access token does not have the scope that this needs."
    challenge = f'Bearer realm="plans", error="insufficient_scope", error_description="{detail}", scope="plans:write"'
    answer = get("/changes", authorization=f"Bearer {server.issue('a')}")
    assert answer == Answer(403, problem(403, "Forbidden", detail), challenge, None)


@pytest.mark.clause("RFC 6750 §2")
@pytest.mark.parametrize(
    ("path", "authorization"),
    [("/plans?access_token=a", "Bearer a"), ("/plans", "Bearer a b"), ("/plans", "Bearer a,Bearer b")],
)
def test_two_tokens_at_once(get: Get, server: SmallAuthorizationServer, path: str, authorization: str) -> None:
    server.issue("a")
    detail = "Send exactly one access token, in the Authorization header."
    challenge = f'Bearer realm="plans", error="invalid_request", error_description="{detail}"'
    answer = get(path, authorization=authorization)
    assert answer == Answer(400, problem(400, "Bad Request", detail), challenge, None)


def test_an_outage(get: Get, server: SmallAuthorizationServer) -> None:
    server.down = True
    detail = "Access tokens can't be validated at the moment. The token is still good; try again."
    answer = get("/plans", authorization=f"Bearer {server.issue('a')}")
    assert answer == Answer(503, problem(503, "Service Unavailable", detail), None, "1")


def test_a_websocket_without_a_token_is_closed_before_it_is_accepted(server: SmallAuthorizationServer) -> None:
    validator = connect(
        resource=RESOURCE, issuer=ISSUER, client_id="plans", client_secret="a secret", auth_url=server.address
    )
    sent: list[Any] = []

    async def unreachable(*_args: Any) -> None:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/plans", "headers": [], "query_string": b""}
    asyncio.run(asgi_middleware.TokenMiddleware(unreachable, validator)(scope, unreachable, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
    server.let_polls_go()
    validator.close()
