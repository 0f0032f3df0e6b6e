#!/usr/bin/env bash
# fastmcp 4.2.3 (Python): an MCP server whose IntrospectionTokenVerifier asks an authorization server that is out of order, and one
# that is given a good token without a scope which the verifier requires.
# Expected: 5xx for the outage: RFC 7662 section 2.3 keeps an error apart from an inactive token, and FastMCP has TokenVerificationError
# for just that, which its verifier for GitHub raises. 403 insufficient_scope for the scope, by RFC 6750 section 3.1.
# Seen: 401 invalid_token for all of them, and MCP clients ask the person. Scopes that the provider requires, instead of the verifier,
# are a 403. What is wrong is told to the log at its level DEBUG only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fastmcp==4.2.3 mcp==2.3.0
seen=$(FASTMCP_HOME="$folder" env/bin/python - 2>/dev/null <<'PY'
import asyncio
import time

import httpx2
from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier

ISSUER, SERVER = "https://login.example", "https://tools.example"


def unreachable(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("no connection", request=request)


def silent(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("no answer", request=request)


def busy(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(503, json={"error": "temporarily_unavailable"}, headers={"Retry-After": "1"})


def good(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={"active": True, "client_id": "it", "scope": "read", "exp": int(time.time()) + 600})


async def told(answer, at_verifier=None, at_provider=None) -> str:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as asking:
        verifier = IntrospectionTokenVerifier(
            introspection_url=f"{ISSUER}/introspect", client_id="it", client_secret="s",
            http_client=asking, required_scopes=at_verifier,
        )
        app = FastMCP("Tools", auth=RemoteAuthProvider(verifier, [ISSUER], SERVER, required_scopes=at_provider)).http_app()
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as agent:
            refusal = await agent.post(f"{SERVER}/mcp", json={}, headers={"Authorization": "Bearer good"})
    return f"{refusal.status_code} {refusal.json()['error']}"


async def main() -> None:
    for answer in (unreachable, silent, busy):
        print(f"{answer.__name__}:", await told(answer))
    print("without a scope that the verifier requires:", await told(good, at_verifier=["write"]))
    print("without a scope that the provider requires:", await told(good, at_provider=["write"]))


asyncio.run(main())
PY
)
printf '%s\n' "$seen"
[ "$seen" = "unreachable: 401 invalid_token
silent: 401 invalid_token
busy: 401 invalid_token
without a scope that the verifier requires: 401 invalid_token
without a scope that the provider requires: 403 insufficient_scope" ] || { echo "This has changed." >&2; exit 1; }
