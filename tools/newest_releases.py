"""Runs tests on the newest releases that a `pyproject.toml` allows of libraries whose inside we lean on.

Who installs without the lock file gets these. What the lock file has anyway is not run again.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tools.console import Problem, fail, say
from tools.paths import LOCAL, ROOT, make_local_folders

_FOLDER = LOCAL / "newest_releases"
_SQL = ("sql_question", "sql_statement", "silent_postgresql", "several_postgresql_hosts", "pgbouncer")


@dataclass(frozen=True, slots=True)
class _Leaning:
    """What leans on libraries, and how that is tried."""

    on: tuple[str, ...]
    described: Path
    """The `pyproject.toml` that says which releases are allowed."""
    tests: tuple[str, ...]

    def requirements(self) -> list[str]:
        """Return what it says of these libraries."""
        needed = tomllib.loads(self.described.read_text(encoding="utf-8"))["project"]["dependencies"]
        return [each for each in needed if re.split(r"[^\w-]", each)[0] in self.on]


_LEANINGS = (
    _Leaning(("gunicorn", "httptools"), ROOT / "buffering_worker" / "pyproject.toml", ("buffering_worker/tests",)),
    _Leaning(
        ("psycopg", "sqlalchemy"), ROOT / "pyproject.toml", tuple(f"tests/storage/test_{name}.py" for name in _SQL)
    ),
)


def main() -> None:
    """Run them; exit code 1 if they fail."""
    with fail():
        make_local_folders()
        for each in _LEANINGS:
            _try_newest(each)


def _try_newest(leaning: _Leaning) -> None:
    shutil.rmtree(_FOLDER, ignore_errors=True)  # pip would leave what describes an older release beside the newer
    install = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", str(_FOLDER), *leaning.requirements()]
    if subprocess.run([sys.executable, *install], check=False).returncode != 0:
        raise Problem("the newest releases could not be installed, see above")
    newest = {each.name.lower(): each.version for each in metadata.distributions(path=[str(_FOLDER)])}
    named = ", ".join(f"{name} {newest[name]}" for name in leaning.on)
    if all(metadata.version(name) == newest[name] for name in leaning.on):
        say(f"The lock file has the newest of {named}.")
        return
    say(f"Trying {named}.")
    environment = {**os.environ, "PYTHONPATH": str(_FOLDER)}
    command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadfile", *leaning.tests]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise Problem(f"tests fail on {named}, see above: lower the ceiling of one")


if __name__ == "__main__":
    main()
