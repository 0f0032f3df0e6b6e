"""Runs the tests of the worker on the newest gunicorn and httptools that `pyproject.toml` allows, if not in the lock.

Who installs without the lock file gets these, and the worker leans on both.
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
        command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadfile", "tests/gunicorn_worker"]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
            raise Problem(
                "the worker fails on the newest gunicorn or httptools, see above: lower a ceiling in pyproject.toml"
            )


def _allowed() -> list[str]:
    """What `pyproject.toml` says of them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [each for each in project["dependencies"] if each.startswith(_NAMES)]


if __name__ == "__main__":
    main()
