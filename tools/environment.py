"""Makes `.venv` from a lock file, once for each state of the lock: `python3 -m tools.environment [runtime|dev]`.

Uses the standard library only, since it runs before anything is installed.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

from tools.console import Problem, fail, say
from tools.paths import ROOT, VENV

PYTHON = VENV / "bin" / "python"
_LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
OLDEST_PYTHON = (3, 11)


def ensure_environment(kind: str) -> Path:
    """The Python of an environment that has at least what `kind` needs. Raises Problem."""
    if sys.version_info < OLDEST_PYTHON:
        raise Problem(
            f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {sys.version.split()[0]}"
        )
    if _installed("dev") or _installed(kind):
        return PYTHON
    lock = _LOCKS[kind]
    say(f"Installing what {lock.name} names into .venv (the first time takes up to a minute)")
    try:
        if not PYTHON.exists():
            venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "--require-hashes", "-r", str(lock)], check=True, cwd=ROOT)
    except (subprocess.CalledProcessError, OSError) as error:
        raise Problem(f".venv could not be made ({error}); on Debian: apt install python3-venv") from None
    _stamp(kind).write_text(_digest(kind), encoding="utf-8")
    return PYTHON


def _installed(kind: str) -> bool:
    return PYTHON.exists() and _stamp(kind).exists() and _stamp(kind).read_text(encoding="utf-8") == _digest(kind)


def _stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def _digest(kind: str) -> str:
    return hashlib.sha256(_LOCKS[kind].read_bytes()).hexdigest()


if __name__ == "__main__":
    with fail():
        ensure_environment(sys.argv[1])
