"""Packages of npm's registry, where it answers."""

import shutil
import subprocess
from pathlib import Path

import pytest


def fetched(folder: Path, *packages: str) -> Path:
    """The folder, with these packages; without Node.js, npm or its registry the test is skipped."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs Node.js and npm")
    install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip(f"npm could not fetch {', '.join(packages)}")
    return folder
