"""`@modelcontextprotocol/conformance`, the newest: what npm calls `latest` (0.1.16) tries no authorization server."""

import subprocess
from pathlib import Path

import pytest
import requests

from tests.agents.npm import fetched
from tests.support.actions import READ, TIMEOUT, Actions
from tests.support.servers import free_port

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
PACKAGES = ("@modelcontextprotocol/conformance@0.2.0-alpha.12", "node@22")
"""It needs Node.js 22, which npm has too."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetched(tmp_path_factory.mktemp("conformance"), *PACKAGES)


def test_the_authorization_server_passes(actions: Actions, folder: Path) -> None:
    port, mo, said = free_port(), actions.person(), ""
    app = actions.app("--preset", "mcp", redirect_uri=f"http://127.0.0.1:{port}/callback")
    program = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    options = ["--url", actions.stack.auth, "--client-id", app.client_id, "-p", str(port)]
    command = ["node_modules/.bin/node", program, "authorization", *options]
    with subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        for line in running.stdout:
            said += line
            if f"{actions.stack.auth}/authorize?" in line:
                address = line[line.index(actions.stack.auth) :].strip()
                requests.get(mo.decide(address, [READ]).headers["Location"], timeout=TIMEOUT)
        assert running.wait(60) == 0, said
    assert "Total: 2 passed, 0 failed" in said
