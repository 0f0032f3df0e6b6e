"""`docs/agents.md` tells the truth: its commands lead from nothing to an agent that reads a weight."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from tests.docs.examples import shell
from tests.support.actions import READ, TIMEOUT, WRITE, Actions
from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"^```(?:text|sh)\n(.*?)^```$",
    PAGE.partition("\n## From nothing")[2].partition("\n## ")[0],
    re.MULTILINE | re.DOTALL,
)


def test_ten_commands_lead_to_an_agent_that_reads_and_adds(actions: Actions, tmp_path: Path) -> None:
    if shutil.which("jq") is None or shutil.which("curl") is None:
        pytest.skip("needs curl and jq")
    by_others, *ours = BLOCKS  # tests/make runs `make up` and sources the file; the SDK is installed here
    commands = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
    assert len(commands) == 10
    assert by_others.startswith("make up STACK=local\nsource .local/environment;")
    stack, mo, port = actions.stack, actions.person(), free_port()
    (tmp_path / ".local").mkdir()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    script = "set -euo pipefail\n" + "\n".join(ours).replace("8003", str(port))
    said, allows = [], iter([[READ], [READ, WRITE]])
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=shell(stack),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            said.append(line)
            if line.startswith("Open "):
                leads_back = mo.decide(line.removeprefix("Open ").strip(), next(allows)).headers["Location"]
                assert requests.get(leads_back, timeout=TIMEOUT).text == "You can close this window."
            if line == "}\n" and '"stored_at"' in "".join(said):
                break
        assert running.wait(60) == 0, "".join(said)
        os.killpg(running.pid, signal.SIGTERM)
    text = "".join(said)
    assert '"weights": []' in text
    assert '"body_weight": "82.5"' in text
    assert next(allows, None) is None
    kept = tmp_path / ".local/my-agent/tokens.json"
    assert kept.stat().st_mode & 0o777 == 0o600
