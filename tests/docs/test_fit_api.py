"""`docs/fit_api.md` tells the truth: each of its commands gives the answer that stands below it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.actions import Actions

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fit_api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```\n.*?^```(json|text)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
END = "== end of the answer =="


def without_ids(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{24}\b", "an id", text)


def test_every_command_gives_the_answer_below_it(actions: Actions, tmp_path: Path) -> None:
    if shutil.which("jq") is None or shutil.which("curl") is None:
        pytest.skip("needs curl and jq")
    assert len(EXAMPLES) == PAGE.count("```sh\n") >= 14
    script = "set -euo pipefail\n" + "".join(f"{commands}echo; echo '{END}'\n" for commands, _, _ in EXAMPLES)
    token = actions.app().connect(actions.person()).access
    environment = {**os.environ, "FIT": actions.stack.fit, "TOKEN": token}
    (tmp_path / ".local").mkdir()
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert [*tmp_path.iterdir()] == [tmp_path / ".local"], "git ignores nothing else"
    answers = done.stdout.split(f"{END}\n")
    for (commands, form, shown), answer in zip(EXAMPLES, answers, strict=False):
        given, expected = without_ids(answer.strip()), without_ids(shown.strip())
        if form == "json":
            assert json.loads(given) == json.loads(expected), commands
        else:
            assert given.splitlines() == expected.splitlines(), commands
