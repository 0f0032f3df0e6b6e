"""How the scripts in examples/ are run."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(script: str, monkeypatch: pytest.MonkeyPatch, *arguments: str, **environment: str | None) -> dict[str, Any]:
    """In this process; the names that the script leaves behind."""
    for name, value in environment.items():
        assert value is not None
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    return runpy.run_path(str(EXAMPLES / script))


def sh(script: str, folder: Path, **environment: str | None) -> str:
    """What it prints."""
    if shutil.which("jq") is None or shutil.which("curl") is None:
        pytest.skip("needs curl and jq")
    done = subprocess.run(
        ["sh", str(EXAMPLES / script)],
        cwd=folder,
        env={**os.environ, **environment},  # type: ignore[dict-item]
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
