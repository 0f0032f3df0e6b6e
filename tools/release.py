"""`make release`: builds what others install, the kit and the gunicorn worker, and tries each where nothing else is."""

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tools.console import Problem, fail, say
from tools.paths import ROOT

_DIST = ROOT / "dist"
_TRIALS = {
    "shared/resource_server": ["-c", "import moogle_resource_server as kit; kit.TokenValidator"],
    "buffering_worker": [
        *("-m", "gunicorn", "--check-config", "--worker-class", "buffering_worker.worker.BufferingWorker"),
        "wsgiref.simple_server:demo_app",
    ],
}
"""What each has to be able to do, by the folder that it is built from."""


def main() -> None:
    """Build and try both; exit code 1 if one fails."""
    with fail():
        shutil.rmtree(_DIST, ignore_errors=True)
        for folder, trial in _TRIALS.items():
            wheel = _built(ROOT / folder)
            _try(wheel, trial)
            say(f"{wheel.name} and its source archive are in dist/")


def _built(folder: Path) -> Path:
    before = set(_DIST.glob("*.whl"))
    _run([sys.executable, "-m", "hatchling", "build", "-d", str(_DIST)], folder)
    (wheel,) = set(_DIST.glob("*.whl")) - before
    return wheel


def _try(wheel: Path, trial: list[str]) -> None:
    """Use a wheel where nothing else is installed, and nothing of the checkout can be imported."""
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder, "venv", "bin", "python"))
        venv.create(Path(folder, "venv"), with_pip=True)
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)], Path(folder))
        _run([python, *trial], Path(folder))


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"{' '.join(command)} has failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")


if __name__ == "__main__":
    main()
