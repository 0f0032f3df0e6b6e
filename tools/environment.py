"""Makes `.venv` from a lock file, once for each state of the lock: `python3 -m tools.environment [runtime|dev]`.

Uses the standard library only, since it runs before anything is installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tools.console import Problem, fail, say
from tools.paths import ROOT, VENV

PYTHON = VENV / "bin" / "python"
_LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}


def ensure_environment(kind: str) -> Path:
    """The Python of an environment that has at least what `kind` needs. Raises Problem."""
    if _installed("dev") or _installed(kind):
        return PYTHON
    lock = _LOCKS[kind]
    say(f"Installing what {lock.name} names into .venv (the first time takes up to a minute)")
    if not (PYTHON.exists() and (VENV / "bin" / "pip").exists()):
        _make_empty_environment()
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run([*command, "--require-hashes", "-r", str(lock)], check=True, cwd=ROOT)
    except (subprocess.CalledProcessError, OSError):
        raise Problem(f"pip could not install {lock.name}, see above; then run the same command again") from None
    _stamp(kind).write_text(_digest(kind), encoding="utf-8")
    return PYTHON


def _make_empty_environment() -> None:
    try:
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt", clear=True)
    except (subprocess.CalledProcessError, OSError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Problem(f".venv could not be made ({error}); on Debian: apt install python3-venv") from None


def _installed(kind: str) -> bool:
    return PYTHON.exists() and _stamp(kind).exists() and _stamp(kind).read_text(encoding="utf-8") == _digest(kind)


def _stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def _digest(kind: str) -> str:
    return hashlib.sha256(_LOCKS[kind].read_bytes()).hexdigest()


if __name__ == "__main__":
    with fail():
        ensure_environment(sys.argv[1])
