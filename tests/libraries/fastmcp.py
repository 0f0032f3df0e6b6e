"""FastMCP in another environment: an agent of the page's settings, whose person decides in a browser, and servers."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.libraries.program import Program, program
from tests.support.actions import READ, TIMEOUT, Person, query_of
from tests.support.polling import eventually
from tests.support.servers import answers

PACKAGES = {"fastmcp": "4.2.3", "mcp": "2.3.0"}
ROOT = Path(__file__).resolve().parents[2]
STEPS = """
import asyncio, importlib, json, sys, time, webbrowser
import httpx2
from key_value.aio.stores.memory import MemoryStore
from fastmcp.client.auth import OAuth

reach, clock, kept = httpx2.AsyncHTTPTransport.handle_async_request, time.time, MemoryStore()
later, outage, sent = 0, None, []
bind = OAuth.__init__
OAuth.__init__ = lambda self, **given: bind(self, token_storage=kept, **given)
time.time = lambda: clock() + later

def tell(value):
    print(json.dumps(value), flush=True)

def opened(link):
    global outage
    outage = None
    tell({"open": link})

async def network(transport, request):
    if request.url.path == "/token":
        sent.append(str(request.url))
        if outage == "no answer":
            raise httpx2.ConnectError("no answer", request=request)
        if outage:
            return httpx2.Response(503, json={"error": "temporarily_unavailable"}, headers={"Retry-After": "1"})
    return await reach(transport, request)

async def main():
    global outage, later
    import settings
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        outage, later = asked["outage"], later + asked["later"]
        if asked["restarted"]:
            importlib.reload(settings)
        sent.clear()
        try:
            told = {"result": await settings.call(asked["tool"], **asked["arguments"])}
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        client, tokens = settings.oauth.context.client_info, settings.oauth.context.current_tokens
        is_now = {"client_id": client and client.client_id, "access_token": tokens and tokens.access_token}
        tell({**told, "sent": sent, **is_now})

webbrowser.open, httpx2.AsyncHTTPTransport.handle_async_request = opened, network
asyncio.run(main())
"""
"""Its clock goes ahead as it is told, so that its tokens have expired; the network loses what goes to /token."""


class FastMcpAgent:
    """One process of it, and its person."""

    def __init__(self, running: Program, person: Person) -> None:
        self._program, self.person = running, person
        self.allows: Sequence[str] = [READ]
        self.asked: list[dict[str, list[str]]] = []
        """Of what its person was asked, the query."""
        self.sent: list[str] = []
        """To which token endpoints its last call went."""
        self.client_id = self.access_token = ""

    def call(
        self, tool: str, *, later: int = 0, outage: str | None = None, restarted: bool = False, **arguments: Any
    ) -> Any:
        """What a tool says, `later` by so many seconds, after as many consents as it takes; or an error's text."""
        asked = {"tool": tool, "arguments": arguments, "later": later, "outage": outage, "restarted": restarted}
        told = self._program.say(json.dumps(asked))
        while "open" in told:
            self.asked.append(query_of(told["open"]))
            self._come_back(self._decide(told["open"]))
            told = self._program.hear()
        self.sent, self.client_id, self.access_token = told["sent"], told["client_id"], told["access_token"]
        return told["result"] if "result" in told else told["error"]

    def _decide(self, address: str) -> str:
        """Where the browser is sent at last; a page of FastMCP's own that asks first is answered."""
        session = self.person.browser.session
        page = session.get(address, allow_redirects=False, timeout=TIMEOUT)
        if page.status_code == 302:
            page = session.get(page.headers["Location"], timeout=TIMEOUT)
            form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
            page = session.post(page.url, {**form, "action": "approve"}, allow_redirects=False, timeout=TIMEOUT)
            back = self.person.decide(page.headers["Location"], self.allows).headers["Location"]
            return session.get(back, allow_redirects=False, timeout=TIMEOUT).headers["Location"]
        return self.person.decide(address, self.allows).headers["Location"]

    def _come_back(self, address: str) -> None:
        """It listens as soon as the browser is open, or a moment later."""

        def came() -> bool:
            try:
                return requests.get(address, timeout=TIMEOUT).ok
            except requests.ConnectionError:
                return False

        eventually(came)


@contextmanager
def fastmcp_agent(
    python: str, folder: Path, person: Person, *blocks: str, **environment: str
) -> Iterator[FastMcpAgent]:
    """Runs until the test has ended."""
    (folder / "settings.py").write_text("".join(blocks))
    (folder / "agent.py").write_text(STEPS)
    with program([python, "agent.py"], folder, FASTMCP_LOG_ENABLED="false", **environment) as running:
        yield FastMcpAgent(running, person)


@contextmanager
def fastmcp_server(python: str, folder: Path, port: int, settings: str) -> Iterator[None]:
    """`app` of these settings, which may use the kit; until the test has ended."""
    (folder / "server.py").write_text(settings)
    command = [python, "-m", "uvicorn", "server:app", "--app-dir", str(folder), "--port", str(port)]
    quiet = {"FASTMCP_HOME": str(folder / "home"), "FASTMCP_LOG_ENABLED": "false"}
    with subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT, env={**os.environ, **quiet}) as running:
        try:
            eventually(lambda: answers(port))
            yield
        finally:
            running.terminate()
