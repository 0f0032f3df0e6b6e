"""How an agent that no operator knows becomes a client: by a document that describes it, or by registering itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.agent import LOOPBACK, Agent
from tests.support.actions import READ, WRITE, Actions
from tests.support.certificates import self_signed
from tests.support.document_host import DescribedApp, document_host
from tests.support.mcp_server import McpServer, run_mcp_server
from tests.support.stack import Stack, run_stack

WEIGHT = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"}


@pytest.fixture(scope="module")
def open_server(open_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpServer]:
    with run_mcp_server(open_stack, tmp_path_factory.mktemp("open")) as running:
        yield running


def test_an_agent_registers_itself_reads_and_steps_up(open_stack: Stack, open_server: McpServer) -> None:
    open_stack.forget_failures()
    agent = Agent(open_server.url, Actions(open_stack).person())
    assert agent.call("weights").structured_content == {"weights": []}
    assert agent.client is not None
    assert (agent.client.scope, agent.client.application_type) == (f"{READ} {WRITE}", None)
    agent.allows = [READ, WRITE]
    added = agent.call("add_weight", **WEIGHT)
    assert added.is_error is False
    assert [asked["scope"] for asked in agent.asked] == [[f"{READ} {WRITE}"]] * 2


def test_an_agent_whose_document_describes_it_connects_where_registration_is_closed(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    loopback = ["http://127.0.0.1/callback", "http://localhost/callback"]
    settings = {"client_id_metadata_documents": "open", "client_documents_on_loopback": True}
    with (
        document_host(certificate) as host,
        run_stack(tmp_path, redis_url, **settings, registered_client_retry="until-used") as stack,
        run_mcp_server(stack, tmp_path) as server,
    ):
        described = DescribedApp(stack, host, "/agent.json", redirect_uris=loopback)
        agent = Agent(server.url, Actions(stack).person(), document=described.client_id)
        assert agent.call("weights").structured_content == {"weights": []}
        assert (agent.asked[0]["client_id"], agent.asked[0]["redirect_uri"]) == ([described.client_id], [LOOPBACK])
        agent.allows = [READ, WRITE]
        assert agent.call("add_weight", **WEIGHT).is_error is False
        assert [asked["scope"] for asked in agent.asked] == [[f"{READ} {WRITE}"]] * 2
        agent.age()
        assert len(agent.call("weights").structured_content["weights"]) == 1  # type: ignore[index]
        assert len(agent.asked) == 2
