"""Runs the gunicorn worker's tests on the newest gunicorn and httptools that its `pyproject.toml` allows.

Who installs it without the lock file gets these, and it leans on both. If the lock file has them, nothing is run.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata

from tools.console import Problem, fail, say
from tools.paths import LOCAL, ROOT, make_local_folders

_NAMES = ("gunicorn", "httptools")
_FOLDER = LOCAL / "newest_server"


def main() -> None:
    """Run them; exit code 1 if they fail."""
    with fail():
        make_local_folders()
        shutil.rmtree(_FOLDER, ignore_errors=True)  # pip would leave what describes an older release beside the newer
        install = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", str(_FOLDER), *_allowed()]
        if subprocess.run([sys.executable, *install], check=False).returncode != 0:
            raise Problem("the newest releases could not be installed, see above")
        newest = {each.name: each.version for each in metadata.distributions(path=[str(_FOLDER)])}
        if all(metadata.version(name) == newest[name] for name in _NAMES):
            say("The lock file has the newest ones.")
            return
        say(", ".join(f"{name} {newest[name]}" for name in _NAMES))
        environment = {**os.environ, "PYTHONPATH": str(_FOLDER)}
        command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadfile", "buffering_worker/tests"]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
            raise Problem("the worker fails on the newest gunicorn or httptools, see above: lower the ceiling of one")


def _allowed() -> list[str]:
    """What the worker's `pyproject.toml` says of them."""
    text = (ROOT / "buffering_worker" / "pyproject.toml").read_text(encoding="utf-8")
    allowed: list[str] = tomllib.loads(text)["project"]["dependencies"]
    return allowed


if __name__ == "__main__":
    main()
