#!/usr/bin/env bash
# mcp 2.3.0 (the Python SDK of the Model Context Protocol): a client that registers itself, and a tool that needs more later.
# Expected: RFC 7591 section 2 calls `scope` the values "that the client can use when requesting access tokens". A client that steps
# up as servers ask would register without it, or again with more.
# Seen: it registers with the scope of the first challenge alone, and asks under this registration for more when a 403 says so. A
# server that keeps to what was registered gives it the same again, so the second consent changes nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mcp==2.3.0
seen=$(env/bin/python - 2>/dev/null <<'PY'
import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

AUTH, SERVER, told, links = "https://login.example", "https://tools.example/mcp", [], []


def answer(request: httpx2.Request) -> httpx2.Response:
    """Of an authorization server, and of an MCP server that first needs `read` and then `write`."""
    url = str(request.url)
    if "oauth-protected-resource" in url:
        return httpx2.Response(200, json={"resource": SERVER, "authorization_servers": [AUTH]})
    if "oauth-authorization-server" in url:
        endpoints = {f"{name}_endpoint": f"{AUTH}/{name}" for name in ("authorization", "token", "registration")}
        return httpx2.Response(200, json={"issuer": AUTH, "response_types_supported": ["code"], **endpoints})
    if url == f"{AUTH}/registration":
        told.append(("registered for", json.loads(request.content).get("scope")))
        return httpx2.Response(201, json={**json.loads(request.content), "client_id": "it"})
    if url == f"{AUTH}/token":
        return httpx2.Response(200, json={"access_token": "t", "token_type": "Bearer", "scope": "read"})
    if "Authorization" not in request.headers:
        return httpx2.Response(401, headers={"WWW-Authenticate": 'Bearer scope="read"'})
    return httpx2.Response(403, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="read write"'})


class Nothing:
    """Keeps nothing."""

    async def get_tokens(self): return None
    async def set_tokens(self, tokens): pass
    async def get_client_info(self): return None
    async def set_client_info(self, client_info): pass


async def opened(link: str) -> None:
    links.append(parse_qs(urlsplit(link).query))
    told.append((links[-1]["client_id"][0], "asks for", links[-1]["scope"][0]))


async def came_back() -> AuthorizationCodeResult:
    return AuthorizationCodeResult(code="c", state=links[-1]["state"][0])


async def main() -> None:
    about = OAuthClientMetadata(redirect_uris=["http://127.0.0.1:1/callback"], token_endpoint_auth_method="none")
    auth = OAuthClientProvider(SERVER, about, Nothing(), opened, came_back)
    async with httpx2.AsyncClient(auth=auth, transport=httpx2.MockTransport(answer)) as http:
        for _ in range(2):
            await http.post(SERVER, json={})


asyncio.run(main())
print(told)
PY
)
printf '%s\n' "$seen"
[ "$seen" = "[('registered for', 'read'), ('it', 'asks for', 'read'), ('it', 'asks for', 'read write')]" ] ||
    { echo "This has changed." >&2; exit 1; }
