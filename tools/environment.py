"""Makes `.venv` from a lock file, once for each state of it: `python3 -m tools.environment KIND [FOLDER]`.

Uses the standard library only, since it runs before anything is installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tools.console import Problem, fail, working
from tools.paths import ROOT, VENV

PYTHON = VENV / "bin" / "python"
_NO_NETWORK = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "Cannot connect to proxy",
    "from versions: none",
)
_LOCKS = {kind: ROOT / f"requirements-{kind}.lock" for kind in ("local", "dev", "chart", "audit")}


def ensure_environment(kind: str, folder: Path = VENV) -> Path:
    """The Python of an environment that has at least what `kind` needs, made with the Python that runs this.

    Raises Problem.
    """
    python = folder / "bin" / "python"
    if python.exists() and (_installed("dev", folder) or _installed(kind, folder)):
        return python
    lock = _LOCKS[kind]
    with working(f"Installing what {lock.name} names into {folder.name} (the first time takes up to a minute)"):
        if not (python.exists() and (folder / "bin" / "pip").exists()):
            _make_empty_environment(folder)
        _install(python, lock)
    _stamp(kind, folder).write_text(_digest(kind), encoding="utf-8")
    return python


def _install(python: Path, lock: Path) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--require-hashes", "--no-deps", "-r", str(lock)],  # it names all that is needed
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    if was_without_network(done.stdout):
        raise Problem("the package index could not be reached: is there a network? Then run the same command again")
    raise Problem(f"pip could not install {lock.name}; run the same command again. It said:\n{done.stdout[-2000:]}")


def was_without_network(output: str) -> bool:
    """Whether this is what pip says, here or while an image is built, when it can't reach its index."""
    return any(sign in output for sign in _NO_NETWORK)


def _make_empty_environment(folder: Path) -> None:
    try:
        venv.create(folder, with_pip=True, symlinks=os.name != "nt", clear=True)
    except (subprocess.CalledProcessError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Problem(f"{folder.name} could not be made ({error}); on Debian: apt install python3-venv") from None


def _installed(kind: str, folder: Path) -> bool:
    stamp = _stamp(kind, folder)
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _digest(kind)


def _stamp(kind: str, folder: Path) -> Path:
    return folder / f".installed-{kind}"


def _digest(kind: str) -> str:
    return hashlib.sha256(_LOCKS[kind].read_bytes()).hexdigest()


if __name__ == "__main__":
    with fail():
        ensure_environment(sys.argv[1], *map(Path, sys.argv[2:]))
