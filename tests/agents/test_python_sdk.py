"""The official Python SDK (`mcp`) at the MCP server of examples/: it connects, asks for more, and refreshes."""

import httpx2
import pytest
import requests
from mcp.client.auth.exceptions import OAuthFlowError

from tests.agents.agent import LOOPBACK, Agent
from tests.support.actions import INACTIVE, READ, TIMEOUT, WRITE, Actions
from tests.support.mcp_server import McpServer

BOTH = f"{READ} {WRITE}"
WEIGHT = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"}


@pytest.fixture
def agent(actions: Actions, server: McpServer) -> Agent:
    """Registered by hand, with the preset."""
    app = actions.app("--preset", "mcp", redirect_uri="http://127.0.0.1/callback")
    return Agent(server.url, actions.person(), client_id=app.client_id)


@pytest.mark.clause("MCP 2026-07-28, Authorization")
def test_an_agent_that_knows_one_address_reads_what_its_person_allows(
    actions: Actions, server: McpServer, agent: Agent
) -> None:
    assert agent.call("weights").structured_content == {"weights": []}
    [asked], [back] = agent.asked, agent.came_back
    assert (asked["resource"], asked["scope"], asked["redirect_uri"]) == ([server.url], [BOTH], [LOOPBACK])
    assert back["iss"] == actions.stack.auth
    assert agent.tokens is not None
    assert agent.tokens.scope == READ
    assert actions.introspect(agent.tokens.access_token, server.front)["aud"] == [server.url]


@pytest.mark.clause("MCP 2026-07-28, Authorization: Step-Up Authorization Flow")
def test_a_tool_that_needs_more_asks_the_person_a_second_time(agent: Agent) -> None:
    agent.call("weights")
    agent.allows = [READ, WRITE]
    added = agent.call("add_weight", **WEIGHT).structured_content
    assert [asked["scope"] for asked in agent.asked] == [[BOTH], [BOTH]]
    assert added is not None
    assert agent.call("weights").structured_content == {"weights": [added]}
    summed = agent.call("summary", bucket="month").structured_content
    assert summed is not None
    assert [(bucket["count"], bucket["mean"]) for bucket in summed["buckets"]] == [(1, "82.5")]
    assert len(agent.asked) == 2


def test_who_allows_less_than_a_tool_needs_is_asked_once_and_the_tool_stays_shut(agent: Agent) -> None:
    agent.call("weights")
    with pytest.raises(ExceptionGroup):
        agent.call("add_weight", **WEIGHT)
    assert [asked["scope"] for asked in agent.asked] == [[BOTH], [BOTH]]
    assert agent.call("weights").structured_content == {"weights": []}


@pytest.mark.clause("MCP 2026-07-28, Security Best Practices: Token Passthrough")
def test_the_fit_api_is_called_with_another_token_that_says_who_acts(
    actions: Actions, server: McpServer, agent: Agent
) -> None:
    agent.call("weights")
    assert agent.tokens is not None
    token = agent.tokens.access_token
    assert actions.introspect(token) == INACTIVE
    assert actions.fit("GET", token=token).status_code == 401
    got = actions.introspect(server.service.exchange_token(token).json()["access_token"])
    assert (got["client_id"], got["act"]) == (server.service.client_id, {"sub": server.service.client_id})


def test_an_expired_access_token_is_refreshed_without_a_person(agent: Agent) -> None:
    agent.call("weights")
    first = agent.tokens
    agent.age()
    agent.call("weights")
    assert len(agent.asked) == 1
    assert first is not None
    assert agent.tokens is not None
    assert (agent.tokens.access_token == first.access_token, agent.tokens.scope) == (False, READ)


def test_an_outage_at_token_opens_the_browser_and_a_lost_connection_does_not(agent: Agent) -> None:
    agent.call("weights")
    agent.age()
    agent.outage = "no answer"
    with pytest.raises(ExceptionGroup):
        agent.call("weights")
    agent.outage = None
    agent.call("weights")
    assert len(agent.asked) == 1
    agent.age()
    agent.outage = httpx2.Response(503, json={"error": "temporarily_unavailable"}, headers={"Retry-After": "1"})
    agent.call("weights")
    assert len(agent.asked) == 2


@pytest.mark.clause("RFC 9207 §2.4")
def test_an_answer_of_another_issuer_is_refused_by_the_client(agent: Agent) -> None:
    agent.spoils = {"iss": "https://attacker.example"}
    with pytest.raises(ExceptionGroup) as refused:
        agent.call("weights")
    assert refused.group_contains(OAuthFlowError, match="iss mismatch")


@pytest.mark.clause("RFC 9728 §5.1")
def test_without_a_token_the_challenge_leads_to_what_to_ask_for(actions: Actions, server: McpServer) -> None:
    refused = requests.post(server.url, json={}, timeout=TIMEOUT)
    assert (refused.status_code, f'resource_metadata="{server.metadata}"' in refused.headers["WWW-Authenticate"]) == (
        401,
        True,
    )
    assert requests.get(server.metadata, timeout=TIMEOUT).json() == {
        "resource": server.url,
        "authorization_servers": [actions.stack.auth],
        "scopes_supported": [READ, WRITE],
        "bearer_methods_supported": ["header"],
    }
