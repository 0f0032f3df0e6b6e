"""Copies of this checkout, in which `make` runs as it does for somebody who has just cloned it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("auth_service", "fit_service", "buffering_worker", "shared", "examples", "tools", "deploy")
_FILES = ("Makefile", "docker-compose.yml", "requirements-local.lock", "requirements-dev.lock")


class Checkout:
    """A copy in `folder`, which may have any name, on ports of its own."""

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        """Programs in the folder `programs` come before those of this machine."""
        self.folder = folder
        folder.mkdir(parents=True)
        for name in _FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _FILES:
            shutil.copy(ROOT / name, folder / name)
        self.ports = {name: free_port() for name in ("AUTH_PORT", "FIT_PORT", "APP_PORT")}
        path = os.pathsep.join([*([str(programs)] if programs else []), os.environ["PATH"]])
        settings = {"PATH": path, "DEMO": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
        inherited = {name: value for name, value in os.environ.items() if name not in {"STACK", "PIP_FIND_LINKS"}}
        self.environment = {**inherited, **settings}

    def use_installed(self) -> None:
        """Give it a `.venv` with all that this process can import, so that nothing is installed."""
        environment = self.folder / ".venv"
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").symlink_to(Path(sys.executable).resolve())
        (environment / "lib").symlink_to(Path(sys.prefix) / "lib")
        shutil.copy(Path(sys.prefix) / "pyvenv.cfg", environment)
        self.python(
            "from tools.environment import VENV, _digest, _stamp; _stamp('dev', VENV).write_text(_digest('dev'))"
        )

    def python(self, program: str) -> None:
        subprocess.run([sys.executable, "-c", program], cwd=self.folder, check=True)

    def make(self, target: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """What it says on stdout and stderr is in `stdout`."""
        given = [f"{name}={value}" for name, value in {**self._ports(), **variables}.items()]
        return subprocess.run(
            ["make", "--no-print-directory", target, f"PYTHON={sys.executable}", *given],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    def _ports(self) -> dict[str, str]:
        return {name: str(port) for name, port in self.ports.items()}
