"""The official SDKs of TypeScript at the MCP server of examples/, and what each does when /token is out of order."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.agents.agent import LOOPBACK
from tests.agents.npm import fetched
from tests.support.actions import READ, WRITE, Actions, App, Person, query_of, redirect_parameters
from tests.support.mcp_server import McpServer, run_mcp_server
from tests.support.stack import Stack

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
PACKAGES = {"client": "@modelcontextprotocol/client@2.4.0", "sdk": "@modelcontextprotocol/sdk@1.32.2"}
"""The new one, and the old one, which is still the `latest` of its name."""
PROGRAM = Path(__file__).with_name("mcp_agent.mjs")
BOTH = f"{READ} {WRITE}"
WEIGHT = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"}
JSON = {"Content-Type": "application/json", "Retry-After": "1"}
OURS = {"status": 503, "body": '{"error": "temporarily_unavailable"}', "headers": JSON}


class TypeScriptAgent:
    """One process of it, and its person."""

    def __init__(self, process: subprocess.Popen[str], person: Person) -> None:
        self._process, self._person = process, person
        self.allows: Sequence[str] | None = [READ]
        """None: the person closes the window."""
        self.asked: list[dict[str, list[str]]] = []
        self.issuer: str | None = None
        """Whose answer its browser brings; None: that of the authorization server."""
        self.tokens: dict[str, Any] = {}
        self.client: dict[str, Any] = {}

    def call(self, tool: str, outage: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        """What it says at last: a result or an error."""
        told = self._say({"tool": tool, "arguments": arguments, "outage": outage})
        while "open" in told:
            self.asked.append(query_of(told["open"]))
            told = self._say({"came_back": self._decision(told["open"])})
        self.tokens, self.client = told.pop("tokens"), told.pop("client")
        return told

    def _decision(self, address: str) -> str | None:
        if self.allows is None:
            return None
        leads_back = self._person.decide(address, self.allows)
        answer = redirect_parameters(leads_back) | ({"iss": self.issuer} if self.issuer else {})
        return f"{LOOPBACK}?{urlencode(answer)}"

    def _say(self, said: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


Start = Callable[..., TypeScriptAgent]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fetched(tmp_path_factory.mktemp("typescript"), *PACKAGES.values())
    shutil.copy(PROGRAM, folder)
    return folder


@pytest.fixture(params=PACKAGES)
def start(request: pytest.FixtureRequest, folder: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def agent(server: str, person: Person, **options: str) -> TypeScriptAgent:
        command = ["node", PROGRAM.name, request.param, server, json.dumps({"redirect_uri": LOOPBACK, **options})]
        process = subprocess.Popen(command, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        running.append(process)
        return TypeScriptAgent(process, person)

    agent.kind = request.param  # type: ignore[attr-defined]
    yield agent
    for each in running:
        each.kill()
        each.communicate()


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app("--preset", "mcp", redirect_uri="http://127.0.0.1/callback")


def weights_of(told: dict[str, Any]) -> list[str]:
    return [each["body_weight"] for each in told["result"]["structuredContent"]["weights"]]


def test_it_reads_and_adds_what_its_person_allows_at_once(
    actions: Actions, server: McpServer, app: App, start: Start
) -> None:
    agent = start(server.url, actions.person(), client_id=app.client_id)
    agent.allows = [READ, WRITE]
    assert weights_of(agent.call("weights")) == []
    assert "result" in agent.call("add_weight", **WEIGHT)
    assert weights_of(agent.call("weights")) == ["82.5"]
    assert [(asked["resource"], asked["scope"]) for asked in agent.asked] == [([server.url], [BOTH])]


def test_a_tool_that_needs_more_asks_a_second_time_in_the_new_package_only(
    actions: Actions, server: McpServer, app: App, start: Start
) -> None:
    agent = start(server.url, actions.person(), client_id=app.client_id)
    agent.call("weights")
    agent.allows = [READ, WRITE]
    told = agent.call("add_weight", **WEIGHT)
    if start.kind == "client":  # type: ignore[attr-defined]
        assert ("result" in told, len(agent.asked)) == (True, 2)
    else:  # it refreshes, gets the same scope again, and gives up
        assert told["error"].endswith("Server returned 403 after trying upscoping")
        assert len(agent.asked) == 1
    assert len(weights_of(agent.call("weights"))) == len(agent.asked) - 1


@pytest.mark.parametrize(
    ("outage", "survives"),
    [
        (OURS, True),
        (OURS | {"status": 429}, True),
        (OURS | {"body": '{"error": "server_error"}'}, False),
        (OURS | {"body": ""}, False),
        (OURS | {"body": "<html>"}, False),
        ({"status": 0}, False),
    ],
    ids=["ours", "429", "server_error", "empty", "HTML", "no answer"],
)
def test_an_outage_at_token_is_survived_in_one_form(
    actions: Actions, server: McpServer, app: App, start: Start, outage: dict[str, Any], survives: bool
) -> None:
    agent = start(server.url, actions.person(), client_id=app.client_id)
    agent.call("weights")
    app.revoke(agent.tokens["access_token"])
    server.wait_until_refused(agent.tokens["access_token"])
    agent.allows = None
    assert "error" in agent.call("weights", outage)
    assert len(agent.asked) == (1 if survives else 2), "a browser opened"
    assert weights_of(agent.call("weights")) == [], "the tokens were kept"


@pytest.mark.clause("RFC 9207 §2.4")
def test_an_answer_of_another_issuer_is_refused_by_the_new_package_only(
    actions: Actions, server: McpServer, app: App, start: Start
) -> None:
    agent = start(server.url, actions.person(), client_id=app.client_id)
    agent.issuer = "https://attacker.example"
    refused = "error" in agent.call("weights")
    assert refused == (start.kind == "client")  # type: ignore[attr-defined]


def test_it_registers_itself(open_stack: Stack, tmp_path: Path, start: Start) -> None:
    open_stack.forget_failures()
    with run_mcp_server(open_stack, tmp_path) as server:
        agent = start(server.url, Actions(open_stack).person())
        assert weights_of(agent.call("weights")) == []
    assert (agent.asked[0]["client_id"], agent.client["scope"]) == ([agent.client["client_id"]], BOTH)
