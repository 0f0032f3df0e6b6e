"""How the scripts in examples/ are run."""

import importlib
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.django_project import forget_settings
from tests.support.stack import TOKEN_KEY, Stack

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(script: str, monkeypatch: pytest.MonkeyPatch, *arguments: str, **environment: str | None) -> dict[str, Any]:
    """In this process; the names that the script leaves behind."""
    for name, value in environment.items():
        assert value is not None
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    if "django" in script or "rest_framework" in script:  # Django imports its project by name
        return _imported(f"examples.{script.removesuffix('.py')}", monkeypatch)
    return runpy.run_path(str(EXAMPLES / script))


def _imported(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    forget_settings()
    monkeypatch.delitem(sys.modules, name, raising=False)
    return vars(importlib.import_module(name))


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


def shell(stack: Stack) -> dict[str, str]:
    """The environment of a shell as README.md has one made: `flask` for an operator, and the two addresses."""
    settings = stack.parts.settings
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(EXAMPLES.parent),
        "AUTH": stack.auth,
        "FIT": stack.fit,
        "AUTH_ISSUER": settings.issuer,
        "AUTH_DATABASE_URL": settings.database_url,
        "AUTH_REDIS_URL": settings.redis_url,
        "AUTH_TOKEN_KEYS": TOKEN_KEY,
    }
