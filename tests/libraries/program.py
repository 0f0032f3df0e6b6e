"""A program in another environment, which is written from the page and some lines of the test."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class Program:
    """Says and hears lines of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hear(self) -> Any:
        """Its next line."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the program has ended"
        return json.loads(line)

    def say(self, said: str = "") -> Any:
        """A line for it, and what it answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(said + "\n")
        self._process.stdin.flush()
        return self.hear()


@contextmanager
def program(command: Sequence[str], folder: Path, **environment: str) -> Iterator[Program]:
    """Runs until the test has ended."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        try:
            yield Program(running)
        finally:
            running.kill()


def python_with(folder: Path, packages: Mapping[str, str]) -> str:
    """An interpreter that has these packages in these versions; without their registry the test is skipped."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True)
    python = str(folder / "env" / "bin" / "python")
    pinned = [f"{name}=={version}" for name, version in packages.items()]
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pinned]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip(f"pip could not fetch {', '.join(pinned)}")
    return python


def go_with(folder: Path, module: str, *files: str) -> list[str]:
    """A command that runs these files as one program, with this module; without its proxy the test is skipped."""
    go = installed("go")
    for number, file in enumerate(files):
        (folder / f"file{number}.go").write_text(file)
    subprocess.run([go, "mod", "init", "app.example"], cwd=folder, capture_output=True, check=True)
    if subprocess.run([go, "get", module], cwd=folder, capture_output=True, check=False).returncode:
        pytest.skip(f"go could not fetch {module}")
    built = subprocess.run([go, "build", "-o", "app", "."], cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return [str(folder / "app")]


def go_installed(folder: Path, package: str) -> str:
    """Where the program of this package is built; without its proxy the test is skipped."""
    install = [installed("go"), "install", package]
    env = {**os.environ, "GOBIN": str(folder)}
    if subprocess.run(install, env=env, capture_output=True, check=False).returncode:
        pytest.skip(f"go could not install {package}")
    [program] = folder.iterdir()
    return str(program)


def installed(name: str) -> str:
    """Where this program of the machine is; without it the test is skipped."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/go/bin")
    if path is None:
        pytest.skip(f"needs {name}")
    return path
