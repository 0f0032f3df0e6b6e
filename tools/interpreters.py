"""The Pythons of this machine that the product is held on: one of each minor version from the oldest on.

`python3 -m tools.interpreters` prints those beside the one that runs it, a path a line.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import OLDEST_PYTHON
from tools.console import say

_MINOR_VERSIONS = range(OLDEST_PYTHON[1], OLDEST_PYTHON[1] + 10)
_ABOUT = "import json, sys; print(json.dumps([sys.version_info[:2], sys._base_executable]))"


Version = tuple[int, int]


def installed() -> dict[Version, str]:
    """Paths by version, found on PATH and among those of pyenv, oldest first. PyPy and others are not looked for."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which(f"python3.{minor}") for minor in _MINOR_VERSIONS]
    candidates += [str(path) for minor in _MINOR_VERSIONS for path in pyenv.glob(f"*/bin/python3.{minor}")]
    found: dict[Version, str] = {}
    for candidate in [sys.executable, *candidates]:
        if candidate is not None and (about := _about(candidate)):
            found.setdefault(about[0], about[1])
    return dict(sorted(found.items()))


def _about(program: str) -> tuple[Version, str] | None:
    """Its version, and where it really is; None if it doesn't run, as pyenv's stand-ins for versions that are off."""
    done = subprocess.run([program, "-c", _ABOUT], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    (major, minor), path = json.loads(done.stdout)
    return (major, minor), path


if __name__ == "__main__":
    for version, path in installed().items():
        if version != sys.version_info[:2]:
            say(path)
