"""The Fit API for agents, as tools of an MCP server: `AUTH=… FIT=… HERE=… SECRET=… CLIENT=… uvicorn …server:app`.

HERE is this server's own address. At the authorization server it is two: a resource server that stands in front of
others (`resource-server create agents --front`, with SECRET), and the client (CLIENT, its id and secret with a colon)
that exchanges the tokens that come here for tokens of the Fit API. What comes here is never passed on, and would be
worth nothing there.
"""

import json
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import requests
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.resource_server import OPEN, InsufficientScopeError, Needs, connect, metadata_address, metadata_path
from shared.resource_server.asgi_middleware import TokenMiddleware

AUTH, FIT, HERE = os.environ["AUTH"], os.environ["FIT"], os.environ["HERE"]
RESOURCE, WEIGHTS = f"{HERE}/mcp", f"{FIT}/api/body_weight/"
READ, WRITE = "body_weight:read", "body_weight:write"
EXCHANGE, ACCESS_TOKEN = "grant-type:token-exchange", "token-type:access_token"
MAX_BODY = 65_536
"""Bytes of a message, which is read before it is known what it asks for."""

validator = connect(
    resource=RESOURCE,
    issuer=AUTH,
    client_id="agents",
    client_secret=os.environ["SECRET"],
    resource_metadata=metadata_address(RESOURCE),
)
server = MCPServer("Moogle Fit", instructions="The body weight of the person who allowed you to see it.")
needs: dict[str, tuple[str, ...]] = {}
Tool = TypeVar("Tool", bound=Callable[..., Any])


def tool(*scopes: str) -> Callable[[Tool], Tool]:
    """Offer a function as a tool, whose call needs all of these scopes."""

    def offer(function: Tool) -> Tool:
        needs[function.__name__] = scopes
        return server.tool()(function)

    return offer


@tool(READ)
def weights(context: Context[Any, Request], limit: int = 10) -> dict[str, Any]:
    """Read the person's latest weights, the newest first."""
    return {"weights": fit(context, READ, "GET", params={"limit": limit, "order": "desc"})}


@tool(READ)
def summary(context: Context[Any, Request], bucket: Literal["day", "week", "month"], tz: str = "UTC") -> dict[str, Any]:
    """Sum the person's weights up by days, weeks or months of a time zone: count, range, mean, trend and change."""
    return dict(fit(context, READ, "GET", "summary", params={"bucket": bucket, "tz": tz}))


@tool(READ, WRITE)
def add_weight(
    context: Context[Any, Request], body_weight: str, unit: Literal["kg", "lbs"], created_at: str
) -> dict[str, Any]:
    """Add a weight that was measured at an instant, which is written as in RFC 3339."""
    entry = {"body_weight": body_weight, "unit": unit, "created_at": created_at}
    return dict(fit(context, WRITE, "POST", json=entry))


def fit(context: Context[Any, Request], scope: str, method: str, path: str = "", **options: Any) -> Any:
    """Call the Fit API for the person who is behind the request."""
    request = context.request_context.request
    if request is None:
        raise ToolError("This works over HTTP only.")
    token = token_for_fit(request.headers["Authorization"].partition(" ")[2], scope)
    answer = requests.request(
        method, WEIGHTS + path, headers={"Authorization": f"Bearer {token}"}, timeout=10, **options
    )
    if answer.status_code == 401:
        token_for_fit.cache_clear()
    if not answer.ok:
        raise ToolError(answer.json().get("detail", f"The Fit API answered {answer.status_code}."))
    return answer.json()


@lru_cache(maxsize=1_000)
def token_for_fit(token: str, scope: str) -> str:
    """Exchange a token that came here for one with which the Fit API can be called, and for no more than `scope`.

    It lives as long as the one that came, so it can be used as long as that is let in here.
    """
    form = {
        "grant_type": f"urn:ietf:params:oauth:{EXCHANGE}",
        "subject_token": token,
        "subject_token_type": f"urn:ietf:params:oauth:{ACCESS_TOKEN}",
        "resource": WEIGHTS,
        "scope": scope,
    }
    client_id, _, secret = os.environ["CLIENT"].partition(":")
    answer = requests.post(f"{AUTH}/token", form, auth=(client_id, secret), timeout=10)
    if answer.status_code == 503:
        raise ToolError("The Fit API can't be asked at the moment. Try again.")
    if not answer.ok:
        raise ToolError(f"There is nothing to call the Fit API with: {answer.json()['error']}.")
    return str(answer.json()["access_token"])


class ToolScopes:
    """Answers a call of a tool whose scopes the token has not: 403 with all that it needs, for a second consent.

    Should the SDK read a message otherwise than this, the exchange stops it: it asks for what the tool needs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the message of a request that has a token, and give it to the application again."""
        token = scope.get("state", {}).get("token") if scope["type"] == "http" else None
        if token is None:
            await self._app(scope, receive, send)
            return
        body = bytearray()
        async for chunk in Request(scope, receive).stream():
            body += chunk
            if len(body) > MAX_BODY:
                await Response("This message is too long.", 413)(scope, receive, send)
                return
        needed = scopes_of(bytes(body))
        if not token.scopes.issuperset(needed):
            refusal = InsufficientScopeError(needed)
            headers = refusal.merged_headers(validator.challenge)
            await Response(refusal.body(), refusal.status, headers)(scope, receive, send)
            return
        read: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def again() -> Message:
            return read.pop() if read else await receive()

        await self._app(scope, again, send)


def scopes_of(body: bytes) -> tuple[str, ...]:
    """Return what a message needs: if it calls a tool, what that needs. What it doesn't know it leaves to the SDK."""
    try:
        message = json.loads(body)
        return needs.get(message["params"]["name"], ()) if message["method"] == "tools/call" else ()
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


async def metadata(_request: Request) -> JSONResponse:
    """Say where tokens for this server come from, and what to ask for (RFC 9728). People may allow less than that."""
    return JSONResponse(validator.metadata(READ, WRITE))


def required_scopes(_method: str, path: str) -> Needs:
    """Let nobody in without a token that can read, but to what this server says of itself."""
    return OPEN if path == metadata_path(RESOURCE) else {READ}


server.custom_route(metadata_path(RESOURCE), methods=["GET"])(metadata)
hosts = TransportSecuritySettings(allowed_hosts=[urlsplit(HERE).netloc], allowed_origins=[HERE])
app = TokenMiddleware(
    ToolScopes(server.streamable_http_app(json_response=True, stateless_http=True, transport_security=hosts)),
    validator,
    required_scopes,
)
