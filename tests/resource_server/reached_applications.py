"""Applications that answer at every path, so that whatever a middleware lets through is seen: with each framework, and
each also mounted in another one. The Host header says which is meant, so one server serves all.
"""

import os
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from quart import Quart
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from shared.resource_server import OPEN, Needs, TokenValidator, connect
from shared.resource_server.asgi_middleware import TokenMiddleware as AsgiMiddleware
from shared.resource_server.wsgi_middleware import TokenMiddleware as WsgiMiddleware

RESOURCE, ISSUER = "https://plans.example/", "https://auth.example"
MOUNTED_AT = "/v1"


def rule(_method: str, path: str) -> Needs:
    if path == "/open" or path.endswith(".css"):
        return OPEN
    return {"/diary/secret": {"plans:read"}, "/changes": {"plans:write"}, "/übung": {"plans:read"}}.get(path)


def starlette() -> Any:
    return Starlette(routes=[Route("/{rest:path}", lambda _: PlainTextResponse("reached"))])


def fastapi() -> Any:
    app = FastAPI()

    @app.get("/{rest:path}")
    def reached(rest: str) -> PlainTextResponse:
        return PlainTextResponse("reached")

    return app


def quart() -> Any:
    app = Quart(__name__)

    @app.get("/")
    @app.get("/<path:rest>")
    async def reached(rest: str = "") -> str:
        return "reached"

    return app


FRAMEWORKS: dict[str, Callable[[], Any]] = {"starlette": starlette, "fastapi": fastapi, "quart": quart}


def asgi_applications(validator: TokenValidator) -> dict[str, Any]:
    """Each by its name, and by its name with `-mounted`."""
    applications = {name: AsgiMiddleware(make(), validator, rule) for name, make in FRAMEWORKS.items()}
    mounts = {f"{name}-mounted": Starlette(routes=[Mount(MOUNTED_AT, app)]) for name, app in applications.items()}
    return applications | mounts


def asgi_by_host(applications: dict[str, Any]) -> Any:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError  # where it returns instead, Hypercorn does not start on Trio
        (host,) = (value.decode() for name, value in scope["headers"] if name == b"host")
        await applications[host](scope, receive, send)

    return app


def wsgi_application(validator: TokenValidator) -> Any:
    def reached(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
        return [b"reached"]

    return WsgiMiddleware(reached, validator, rule)


def validator_at(address: str) -> TokenValidator:
    return connect(
        resource=RESOURCE,
        issuer=ISSUER,
        client_id="plans",
        client_secret="a secret",
        auth_url=address,
        deadline=30.0,
    )


if address := os.environ.get("REACHED_AUTH_URL"):  # in a process of a server's
    asgi_app, wsgi_app = asgi_by_host(asgi_applications(validator_at(address))), wsgi_application(validator_at(address))
