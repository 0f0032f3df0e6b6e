"""An agent with the official Python SDK, whose person decides in a browser without JavaScript."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp.types import CallToolResult
from pydantic import AnyUrl

from tests.support.actions import READ, Person, query_of, redirect_parameters

LOOPBACK = "http://127.0.0.1:8765/callback"


class Network(httpx2.AsyncHTTPTransport):
    """The agent's, in which /token may be out of order."""

    def __init__(self, agent: "Agent") -> None:
        super().__init__()
        self._agent = agent

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._agent.outage is None or request.url.path != "/token":
            return await super().handle_async_request(request)
        if self._agent.outage == "no answer":
            raise httpx2.ConnectError("no answer", request=request)
        return self._agent.outage


class Agent:
    """It keeps what the SDK keeps, and what its person was asked."""

    def __init__(
        self, server: str, person: Person, *, client_id: str | None = None, document: str | None = None
    ) -> None:
        self._server, self._person = server, person
        about = OAuthClientMetadata(client_name="Agent", redirect_uris=[AnyUrl(LOOPBACK)])
        self._auth = OAuthClientProvider(server, about, self, self._open, self._come_back, document)
        self.client: OAuthClientInformationFull | None = None
        if client_id:
            self.client = OAuthClientInformationFull(client_id=client_id, token_endpoint_auth_method="none")
        self.tokens: OAuthToken | None = None
        self.asked: list[dict[str, list[str]]] = []
        self.came_back: list[dict[str, str]] = []
        self.allows: Sequence[str] = [READ]
        self.spoils: dict[str, str] = {}
        """What its browser brings otherwise."""
        self.outage: httpx2.Response | Literal["no answer"] | None = None
        """What comes from /token in place of its answer."""

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """What a tool says, after as many consents as it takes."""
        return asyncio.run(self._call(tool, arguments))

    def age(self) -> None:
        """Let its access token have run out, by its own clock."""
        self._auth.context.token_expiry_time = 1

    async def _call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        async with (
            httpx2.AsyncClient(auth=self._auth, timeout=60, transport=Network(self)) as http,
            Client(streamable_http_client(self._server, http_client=http)) as client,
        ):
            return await client.call_tool(tool, arguments)

    async def _open(self, address: str) -> None:
        self.asked.append(query_of(address))
        leads_back = await asyncio.to_thread(self._person.decide, address, list(self.allows))
        self.outage = None
        self.came_back.append(redirect_parameters(leads_back) | self.spoils)

    async def _come_back(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(self.came_back[-1])

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info
