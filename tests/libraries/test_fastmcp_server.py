"""FastMCP as an MCP server, by introspection, with the kit and as a proxy, with the settings of docs/libraries.md."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.libraries.fastmcp import PACKAGES, fastmcp_agent, fastmcp_server
from tests.libraries.page import Section
from tests.support.actions import READ, TIMEOUT, Actions
from tests.support.dpop import KEY, DpopApp
from tests.support.polling import eventually
from tests.support.proxy import TcpProxy
from tests.support.servers import free_port

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
SCOPES = ["diary:read", "diary:write"]
LOOPBACK = "http://localhost/callback"
TOOLS = """

from fastmcp.server.auth import require_scopes
from fastmcp.server.dependencies import get_access_token


@server.tool
def read() -> dict[str, object]:
    token = get_access_token()
    return {"sub": token.subject, "client_id": token.client_id, "scopes": sorted(token.scopes)}


@server.tool(auth=require_scopes("diary:write"))
def write() -> dict[str, object]:
    return {}
"""
ABOUT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}}
HELLO = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": ABOUT}
OK, SHUT = (200, ""), (401, 'Bearer error="invalid_token"')
BY_INTROSPECTION, WITH_THE_KIT = "By introspection", "With the kit"


@dataclass(frozen=True)
class Diary:
    """A running server, and its way to the authorization server."""

    url: str
    way: TcpProxy

    def call(self, token: str) -> tuple[int, str]:
        """Status, and what follows the realm in a challenge or the wait that is asked for."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
        answer = requests.post(self.url, json=HELLO, headers=headers, timeout=TIMEOUT)
        challenge = answer.headers.get("WWW-Authenticate", "").replace(f'realm="{self.url}", ', "").partition(",")[0]
        return answer.status_code, challenge or answer.headers.get("Retry-After", "")


@contextmanager
def diary(
    fastmcp: str, folder: Path, actions: Actions, part: str, *, changes: str = "", dpop: bool = False
) -> Iterator[Diary]:
    """With settings of the page: those of `part` after those of introspection, of which `changes` takes the end."""
    port = free_port()
    url = f"http://localhost:{port}"
    with TcpProxy.to(actions.stack.auth) as way, ExitStack() as at_end:
        page = Section("FastMCP, an MCP server", actions.stack, *PACKAGES.values(), app=url)
        made = page.run_command(*(["--dpop"] if dpop else []))
        at_end.callback(actions.stack.command, "resource-server", "delete", "diary", "--yes")
        name, passed = "FastMCP, an MCP server", f"http://localhost:{way.port}"
        page = Section(name, actions.stack, app=url, part=BY_INTROSPECTION)
        settings = page.block("python").replace("CLIENT_SECRET", made["client_secret"])
        settings = settings.replace(f"{actions.stack.auth}/introspect", f"{passed}/introspect")
        settings = settings.replace("timeout_seconds=2,", f"timeout_seconds=2,{changes}")
        if part == WITH_THE_KIT:
            settings = Section(name, actions.stack, app=url, part=part).block("python")
            settings = settings.replace("CLIENT_SECRET", made["client_secret"])
            settings = settings.replace("    resource_metadata=", f'    auth_url="{passed}",\n    resource_metadata=')
        elif part == "OAuthProxy":
            page = Section(name, actions.stack, app=url, part=part)
            page.run_command()
            settings += page.block("python").replace(f"{actions.stack.auth}/token", f"{passed}/token")
        at_end.enter_context(fastmcp_server(fastmcp, folder, port, settings + TOOLS))
        yield Diary(f"{url}/mcp", way)


@pytest.mark.parametrize("part", [BY_INTROSPECTION, WITH_THE_KIT])
def test_it_lets_in_whose_token_has_the_scope_until_that_is_revoked(
    fastmcp: str, actions: Actions, tmp_path: Path, part: str
) -> None:
    with diary(fastmcp, tmp_path, actions, part) as api:
        mo, app = actions.person(), actions.app(scopes=[*SCOPES, READ])
        both, write = app.connect(mo, SCOPES).access, app.connect(mo, ["diary:write"]).access
        assert [api.call(both), api.call(write)] == [OK, (403, 'Bearer error="insufficient_scope"')]
        assert [api.call(each) for each in ("nonsense", app.connect(mo, [READ]).access)] == [SHUT] * 2
        metadata = api.url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
        assert requests.get(metadata, timeout=TIMEOUT).json() == {
            "resource": api.url,
            "authorization_servers": [actions.stack.auth],
            "scopes_supported": SCOPES,
            "bearer_methods_supported": ["header"],
        }
        mo.disconnect(app.client_id)
        if part == WITH_THE_KIT:  # which remembers the token until it hears of its end
            eventually(lambda: api.call(both) == SHUT)
        assert api.call(both) == SHUT


@pytest.mark.parametrize(("part", "told"), [(BY_INTROSPECTION, SHUT), (WITH_THE_KIT, (503, "1"))])
def test_an_outage_is_told_as_an_invalid_token_but_by_the_kit(
    fastmcp: str, actions: Actions, tmp_path: Path, part: str, told: tuple[int, str]
) -> None:
    with diary(fastmcp, tmp_path, actions, part) as api:
        app = actions.app(scopes=SCOPES)
        known, unknown = app.connect(actions.person()).access, app.connect(actions.person()).access
        assert api.call(known) == OK
        api.way.refuse()
        assert api.call(unknown) == told
        api.way.recover()
        api.way.fall_silent()
        assert api.call(unknown) == told
        api.way.recover()
        assert [api.call(known), api.call(unknown)] == [OK, OK]


def test_with_its_own_cache_a_token_stays_good_after_it_was_revoked(
    fastmcp: str, actions: Actions, tmp_path: Path
) -> None:
    with diary(fastmcp, tmp_path, actions, BY_INTROSPECTION, changes=" cache_ttl_seconds=60,") as api:
        mo, app = actions.person(), actions.app(scopes=SCOPES)
        token = app.connect(mo).access
        assert api.call(token) == OK
        mo.disconnect(app.client_id)
        assert api.call(token) == OK


def test_a_bound_token_is_a_bearer_token_to_it_if_it_is_registered_for_proofs(
    fastmcp: str, actions: Actions, tmp_path: Path
) -> None:
    with diary(fastmcp, tmp_path, actions, BY_INTROSPECTION, dpop=True) as api:
        assert api.call(DpopApp(actions.stack, key=KEY, scopes=SCOPES).connect(actions.person()).access) == OK


@pytest.mark.parametrize("part", [BY_INTROSPECTION, WITH_THE_KIT])
def test_an_agent_is_asked_again_for_a_scope_of_all_tools_but_not_for_that_of_one(
    fastmcp: str, actions: Actions, tmp_path: Path, part: str
) -> None:
    with diary(fastmcp, tmp_path, actions, part) as api:
        mo, app = actions.person(), actions.app("--preset", "mcp", redirect_uri=LOOPBACK, scopes=SCOPES)
        oauth = f'oauth = OAuth(client_id="{app.client_id}", issuer="{actions.stack.auth}")\n'
        with fastmcp_agent(fastmcp, tmp_path, mo, *call_of(actions, api), oauth) as agent:
            agent.allows = ["diary:write"]
            assert agent.call("read") == "MCPError: Server returned an error response"
            assert len(agent.asked) == 2, "asked again for what it needs"
            agent.allows = ["diary:read"]
            assert agent.call("read") == {"sub": mo.subject, "client_id": app.client_id, "scopes": ["diary:read"]}
            assert [asked["scope"] for asked in agent.asked] == [["diary:read diary:write"]] * 3
            assert "Unknown tool" in agent.call("write")
            assert len(agent.asked) == 3


def test_as_a_proxy_it_registers_agents_which_are_one_client_here(
    fastmcp: str, actions: Actions, tmp_path: Path
) -> None:
    with diary(fastmcp, tmp_path, actions, "OAuthProxy") as api:
        mo = actions.person()
        with fastmcp_agent(fastmcp, tmp_path, mo, *call_of(actions, api), "oauth = OAuth()\n") as agent:
            agent.allows = ["diary:read"]
            read = agent.call("read")
            assert (read["sub"], read["scopes"]) == (mo.subject, ["diary:read"])
            assert read["client_id"] != agent.client_id
            assert agent.call("read", later=3_600) == read
            assert (len(agent.asked), agent.sent) == (1, [api.url.replace("/mcp", "/token")])
            mo.disconnect(read["client_id"])
            assert agent.call("read") == read
            assert len(agent.asked) == 2


def call_of(actions: Actions, api: Diary) -> tuple[str, str]:
    """The page's function that calls a tool."""
    page = Section("FastMCP, an agent", actions.stack, app=api.url.removesuffix("/mcp"))
    return page.block("python"), "\n\nfrom fastmcp.client.auth import OAuth\n\n"
