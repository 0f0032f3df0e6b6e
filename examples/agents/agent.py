"""An agent without a model: it connects to an MCP server and calls a tool.

`python examples/agents/agent.py SERVER FOLDER TOOL [ARGUMENTS]`, ARGUMENTS as JSON; FOLDER keeps its tokens. Who it is:
CLIENT_ID if an operator registered it, else CLIENT_METADATA, the https address of a document that describes it. With
neither, it registers itself.
"""

import asyncio
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

answer: dict[str, str] = {}


class Callback(BaseHTTPRequestHandler):
    """Where the browser comes back with the code."""

    def do_GET(self) -> None:
        """Once for each consent."""
        answer.clear()
        answer.update(parse_qsl(urlsplit(self.path).query))
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nYou can close this window.")


here = HTTPServer(("127.0.0.1", 0), Callback)
CALLBACK = f"http://127.0.0.1:{here.server_port}/callback"


class Folder:
    """Keeps what the SDK wants kept, for this user alone."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tokens, self._client = path / "tokens.json", path / "client.json"

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens of before."""
        return OAuthToken.model_validate_json(self._tokens.read_bytes()) if self._tokens.exists() else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep new ones."""
        keep(self._tokens, tokens.model_dump_json(exclude_none=True))

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return who this agent is."""
        if client_id := os.environ.get("CLIENT_ID"):
            return OAuthClientInformationFull(client_id=client_id, token_endpoint_auth_method="none")
        return (
            OAuthClientInformationFull.model_validate_json(self._client.read_bytes()) if self._client.exists() else None
        )

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep what was registered."""
        keep(self._client, client_info.model_dump_json(exclude_none=True))


def keep(file: Path, text: str) -> None:
    """Write it whole or not at all."""
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(file)


async def open_browser(address: str) -> None:
    """Send the person there."""
    print(f"Open {address}", flush=True)


async def come_back() -> AuthorizationCodeResult:
    """Wait for the person's answer."""
    await asyncio.to_thread(here.handle_request)
    if "code" not in answer:
        sys.exit(f"not connected: {answer.get('error', 'the answer is not to our request')}")
    return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))


async def main(address: str, folder: str, tool: str, arguments: str = "{}") -> None:
    """Call the tool, which asks for consent where that is needed."""
    about = OAuthClientMetadata(
        client_name="Agent without a model", redirect_uris=[AnyUrl(CALLBACK)], token_endpoint_auth_method="none"
    )
    described = None if "CLIENT_ID" in os.environ else os.environ.get("CLIENT_METADATA")
    provider = OAuthClientProvider(address, about, Folder(Path(folder)), open_browser, come_back, described)
    async with (
        httpx2.AsyncClient(auth=provider, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        result = await client.call_tool(tool, json.loads(arguments))
    print(json.dumps(result.structured_content, indent=2) if not result.is_error else result.content)


if len(sys.argv) not in {4, 5}:
    sys.exit("usage: python examples/agents/agent.py SERVER FOLDER TOOL [ARGUMENTS]")
asyncio.run(main(*sys.argv[1:]))
