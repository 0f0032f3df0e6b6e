"""The MCP server of examples/, running in front of a stack's Fit API."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.actions import READ, TIMEOUT, WRITE, Actions, App
from tests.support.polling import eventually
from tests.support.servers import answers, free_port
from tests.support.stack import ResourceServerCredentials, Stack

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class McpServer:
    """Its address, and what it is at the authorization server."""

    url: str
    front: ResourceServerCredentials
    service: App

    @property
    def metadata(self) -> str:
        """Where it describes itself (RFC 9728)."""
        return self.url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")

    def wait_until_refused(self, access_token: str) -> None:
        """It remembers tokens until it hears of their end from the feed; before, its tools are refused, not agents."""
        bearer = {"Authorization": f"Bearer {access_token}"}
        eventually(lambda: requests.post(self.url, json={}, headers=bearer, timeout=TIMEOUT).status_code == 401)


@contextmanager
def run_mcp_server(stack: Stack, folder: Path) -> Iterator[McpServer]:
    """Register it and start it, in a process of its own."""
    port, secret = free_port(), folder / "agents"
    url = f"http://localhost:{port}/mcp"
    stack.command("resource-server", "ensure", "agents", "--resource", url, "--front", "--secret-file", str(secret))
    service = Actions(stack).exchanger(url, scopes=[READ, WRITE])
    environment = {
        "AUTH": stack.auth,
        "FIT": stack.fit,
        "HERE": f"http://localhost:{port}",
        "SECRET": secret.read_text(),
        "CLIENT": f"{service.client_id}:{service.secret}",
    }
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "examples.agents.server:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}) as running:
        try:
            eventually(lambda: answers(port))
            yield McpServer(url, ResourceServerCredentials("agents", secret.read_text(), url), service)
        finally:
            running.terminate()
