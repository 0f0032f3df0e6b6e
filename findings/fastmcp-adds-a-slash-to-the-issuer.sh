#!/usr/bin/env bash
# fastmcp 4.2.3 (Python): an MCP server that names its authorization server as FastMCP's examples do, as AnyHttpUrl("https://login.example").
# Expected: that issuer in the server's metadata, byte for byte. RFC 8414 sections 3.3 and 4 have clients compare it
# as a string with what the authorization server says of itself.
# Seen: pydantic's AnyHttpUrl adds a slash where an issuer has no path, and FastMCP publishes that. Its own client then refuses the
# authorization server for another issuer, before anybody is asked. Given as a str, which the type doesn't allow, it stays as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fastmcp==4.2.3 mcp==2.3.0
seen=$(FASTMCP_HOME="$folder" env/bin/python - 2>/dev/null <<'PY'
import asyncio

import httpx2
from fastmcp import FastMCP
from fastmcp.client.auth import OAuth
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from pydantic import AnyHttpUrl

ISSUER, SERVER = "https://login.example", "https://tools.example"


class Asked(Exception):
    """A person would be asked now."""


class Agent(OAuth):
    async def redirect_handler(self, authorization_url: str) -> None:
        raise Asked


class Network(httpx2.AsyncBaseTransport):
    """The MCP server, and the metadata of the authorization server."""

    def __init__(self, app) -> None:
        self.app = httpx2.ASGITransport(app)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "tools.example":
            return await self.app.handle_async_request(request)
        endpoints = {f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token")}
        return httpx2.Response(200, json={"issuer": ISSUER, "response_types_supported": ["code"], **endpoints})


async def main() -> None:
    for issuer in (AnyHttpUrl(ISSUER), ISSUER):
        verifier = IntrospectionTokenVerifier(introspection_url=f"{ISSUER}/introspect", client_id="it", client_secret="s")
        app = FastMCP("Tools", auth=RemoteAuthProvider(verifier, [issuer], SERVER)).http_app()
        async with httpx2.AsyncClient(transport=Network(app)) as http:
            told = (await http.get(f"{SERVER}/.well-known/oauth-protected-resource/mcp")).json()
            print(type(issuer).__name__, told["authorization_servers"], end=": ")
            try:
                await http.post(f"{SERVER}/mcp", json={}, auth=Agent(f"{SERVER}/mcp", client_id="it"))
            except Asked:
                print("the person is asked")
            except Exception as error:
                print(type(error).__name__, error)


asyncio.run(main())
PY
)
printf '%s\n' "$seen"
[ "$seen" = "AnyHttpUrl ['https://login.example/']: OAuthFlowError Authorization server metadata issuer mismatch: https://login.example != https://login.example/
str ['https://login.example']: the person is asked" ] || { echo "This has changed." >&2; exit 1; }
