"""An API that only good tokens get into, with Starlette or FastAPI: `AUTH=… SECRET=… uvicorn protected_asgi:app`."""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.resource_server import OPEN, Needs, connect
from shared.resource_server.asgi_middleware import TokenMiddleware

validator = connect(
    resource="https://journal.example/",
    issuer=os.environ["AUTH"],
    client_id="journal",
    client_secret=os.environ["SECRET"],
)


async def journal(request: Request) -> PlainTextResponse:
    """Any endpoint. It finds the token in the state of the request."""
    return PlainTextResponse(f"the journal of {request.state.token.subject}")


def required_scopes(method: str, path: str) -> Needs:
    """What a request needs; OPEN lets it through without a token, None (not named here) not at all."""
    if path == "/health":
        return OPEN
    return {"journal:read"} if method in {"GET", "HEAD"} else {"journal:write"}


routes = [Route("/journal", journal, methods=["GET", "POST"]), Route("/health", lambda _: PlainTextResponse("fine"))]
app = TokenMiddleware(Starlette(routes=routes), validator, required_scopes)
