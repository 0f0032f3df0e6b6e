"""What docs/operations.md says about proxies is accepted by them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.compose import command, trust_certificate
from tests.support.gunicorn_process import ROOT
from tests.support.reverse_proxies import HAPROXY

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCK = re.search(r"^```text\n(BIND=.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_haproxy_takes_what_is_to_be_written_for_a_machine_without_compose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if HAPROXY.path is None:
        pytest.skip(f"needs {HAPROXY.program}")
    assert BLOCK is not None
    given = dict(re.findall(r'^(\w+)="(.*)"$', BLOCK[1], re.MULTILINE))
    text = (ROOT / "deploy" / "proxy" / "haproxy.cfg").read_text(encoding="utf-8")
    assert {*given, "RUN_AS"} == set(re.findall(r"^ +presetenv (\w+)", text, re.MULTILINE))
    trust_certificate(tmp_path, monkeypatch)
    given["BIND"] = given["BIND"].replace("/etc/moogle", str(tmp_path))
    checked = subprocess.run(command("-c"), env={**os.environ, **given}, capture_output=True, text=True, check=False)
    assert (checked.returncode, "WARNING" in checked.stderr) == (0, False), checked.stderr
