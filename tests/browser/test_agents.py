"""An MCP client's first connection, in a real browser, and the second consent that a tool asks for."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.browser.window import Window
from tests.support.actions import READ, Actions, App
from tests.support.gunicorn_process import ROOT
from tests.support.mcp_server import McpServer, run_mcp_server

WEIGHT = {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"}


def agent(server: McpServer, app: App, folder: Path, *call: str) -> subprocess.Popen[str]:
    """The one of examples/, which prints the link that its person has to open."""
    command = [sys.executable, "examples/agents/agent.py", server.url, str(folder / "agent"), *call]
    environment = {**os.environ, "CLIENT_ID": app.client_id}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)


def link_of(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().removeprefix("Open ").strip()


def test_a_person_connects_an_agent_and_is_asked_again_when_it_needs_more(
    actions: Actions, window: Window, tmp_path: Path
) -> None:
    app, mo = actions.app("--preset", "mcp", redirect_uri="http://127.0.0.1/callback"), actions.person()
    with run_mcp_server(actions.stack, tmp_path) as server:
        with agent(server, app, tmp_path, "weights") as running:
            window.open(link_of(running))
            window.fill("username", mo.username)
            window.fill("password", mo.password)
            window.press("Sign in")
            assert app.name in window.text
            window.tick_only(READ)
            window.press("Allow")
            assert window.find("body").text == "You can close this window."
            assert json.loads(running.communicate(timeout=60)[0]) == {"weights": []}
        with agent(server, app, tmp_path, "add_weight", json.dumps(WEIGHT)) as running:
            window.open(link_of(running))
            window.press("Allow")
            assert window.find("body").text == "You can close this window."
            assert json.loads(running.communicate(timeout=60)[0])["body_weight"] == "82.5"
