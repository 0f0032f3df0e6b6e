"""FastMCP as an agent at the MCP server of examples/, with the settings of docs/libraries.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.libraries.fastmcp import PACKAGES, FastMcpAgent, fastmcp_agent
from tests.libraries.page import APP, Section
from tests.support.actions import READ, WRITE, Actions
from tests.support.certificates import self_signed
from tests.support.document_host import DescribedApp, document_host
from tests.support.mcp_server import McpServer, run_mcp_server
from tests.support.stack import Stack, run_stack

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
BOTH = f"{READ} {WRITE}"
NONE: dict[str, list[object]] = {"weights": []}
WEIGHT = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"}
EXPIRED = 3_600
"""Seconds, after which no access token is good."""


@contextmanager
def agent_of(
    python: str, folder: Path, stack: Stack, part: str, *, changes: tuple[str, str] = ("", "")
) -> Iterator[tuple[FastMcpAgent, McpServer]]:
    """One of this part of the page, with something of it changed, and the server that it calls."""
    stack.forget_failures()
    with run_mcp_server(stack, folder) as server:
        top, page = (
            Section("FastMCP, an agent", stack, *PACKAGES.values(), app=server.url.removesuffix("/mcp"), part=each)
            for each in ("", part)
        )
        if part == "Registered by hand":
            page.run_command()
        settings, (old, new) = page.block("python"), changes
        old = old.replace(APP, server.url.removesuffix("/mcp"))
        assert old in settings
        settings = settings.replace(old, new) if old else settings
        with fastmcp_agent(python, folder, Actions(stack).person(), settings, top.block("python")) as agent:
            yield agent, server


def test_an_agent_reads_asks_for_more_refreshes_and_meets_outages(
    fastmcp: str, actions: Actions, tmp_path: Path
) -> None:
    with agent_of(fastmcp, tmp_path, actions.stack, "Registered by hand") as (agent, server):
        assert agent.call("weights") == NONE
        [asked] = agent.asked
        assert (asked["resource"], asked["scope"]) == ([server.url], [BOTH])
        assert urlsplit(asked["redirect_uri"][0]).hostname == "127.0.0.1"
        agent.allows = [READ, WRITE]
        added = agent.call("add_weight", **WEIGHT)
        assert [asked["scope"] for asked in agent.asked] == [[BOTH], [BOTH]]
        tokens = f"{actions.stack.auth}/token"
        assert agent.call("weights", later=EXPIRED) == {"weights": [added]}
        assert (len(agent.asked), agent.sent) == (2, [tokens])
        assert "no answer" in agent.call("weights", later=EXPIRED, outage="no answer")
        assert agent.call("weights") == {"weights": [added]}
        assert len(agent.asked) == 2
        assert agent.call("weights", later=EXPIRED, outage="503") == {"weights": [added]}
        assert len(agent.asked) == 3, "a browser opened"
        agent.person.disconnect(agent.client_id)
        server.wait_until_refused(agent.access_token)
        assert agent.call("weights") == {"weights": [added]}
        assert (len(agent.asked), agent.sent) == (4, [tokens]), "no refresh was tried"


@pytest.mark.parametrize("to_the_server", [False, True], ids=["issuer", "no issuer"])
def test_after_a_restart_what_has_expired_is_not_refreshed(
    fastmcp: str, actions: Actions, tmp_path: Path, to_the_server: bool
) -> None:
    issuer = f'issuer="{actions.stack.auth}", ' if to_the_server else ""
    with agent_of(fastmcp, tmp_path, actions.stack, "Registered by hand", changes=(issuer, "")) as (agent, server):
        assert agent.call("weights") == NONE
        assert (agent.call("weights", restarted=True), len(agent.asked)) == (NONE, 1)
        assert (agent.call("weights", restarted=True, later=EXPIRED), len(agent.asked)) == (NONE, 2)
        ours, theirs = f"{actions.stack.auth}/token", server.url.replace("/mcp", "/token")
        assert agent.sent == ([theirs, ours] if to_the_server else [ours])


def test_an_agent_registers_itself_for_more_than_its_scopes_and_again_when_its_registration_is_gone(
    fastmcp: str, open_stack: Stack, tmp_path: Path
) -> None:
    modest = ("OAuth()", f'OAuth(scopes="{READ}")')
    with agent_of(fastmcp, tmp_path, open_stack, "Registering itself", changes=modest) as (agent, _):
        assert agent.call("weights") == NONE
        agent.allows, first = [READ, WRITE], agent.client_id
        added = agent.call("add_weight", **WEIGHT)
        assert agent.call("weights", later=EXPIRED) == {"weights": [added]}
        assert ([asked["scope"] for asked in agent.asked], agent.client_id) == ([[BOTH], [BOTH]], first)
        open_stack.command("client", "delete", first)
        assert agent.call("weights") == {"weights": [added]}
        assert [asked["client_id"] for asked in agent.asked] == [[first], [first], [agent.client_id]]
        assert agent.client_id != first


def test_an_agent_whose_document_describes_it_connects_where_registration_is_closed(
    fastmcp: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    settings = {"client_id_metadata_documents": "open", "client_documents_on_loopback": True}
    with (
        document_host(certificate) as host,
        run_stack(tmp_path, redis_url, **settings, registered_client_retry="until-used") as stack,
    ):
        app = DescribedApp(stack, host, "/agent.json", redirect_uris=["http://localhost/callback"])
        with agent_of(
            fastmcp, tmp_path, stack, "Described by a document", changes=(f"{APP}/agent.json", app.client_id)
        ) as (agent, _):
            assert agent.call("weights") == NONE
            agent.allows = [READ, WRITE]
            added = agent.call("add_weight", **WEIGHT)
            assert agent.call("weights", later=EXPIRED) == {"weights": [added]}
            assert [(asked["client_id"], asked["scope"]) for asked in agent.asked] == [([app.client_id], [BOTH])] * 2
