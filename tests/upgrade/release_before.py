"""The code of the release before, as git has it: `previous` names its commit, `previous.pack` holds what it runs.

The pack makes it the same everywhere, in a shallow clone and without a network, and git compares all that is in it
with the commit's name. `python -m tests.upgrade COMMIT` writes both for another one.
"""

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
FOLDERS = ("auth_service", "fit_service", "shared")
_STAND_INS = {
    "ijson.py": '"""Not installed any more. Only imports of files need it, which nothing here does."""\n\n'
    "JSONError = ValueError\n"
}


def unpack(folder: Path) -> None:
    """Put the code into this folder, and beside it what it imports and today's code doesn't."""
    commit, git = (HERE / "previous").read_text().strip(), folder / "git"
    _git(folder, "init", "--quiet", "--bare", str(git))
    _git(git, "unpack-objects", "-q", stdin=(HERE / "previous.pack").read_bytes())
    for name in FOLDERS:
        archive = _git(git, "archive", "--format=tar", f"--prefix={name}/", f"{commit}:{name}")
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    for name, text in _STAND_INS.items():
        (folder / name).write_text(text)


def pack(commit: str, repository: Path) -> None:
    """Take another release for the one before."""
    name = _git(repository, "rev-parse", f"{commit}^{{commit}}").decode().strip()
    listed = _git(repository, "ls-tree", "-r", "-t", "--format=%(objectname)", name, *FOLDERS).decode().split()
    root = _git(repository, "rev-parse", f"{name}^{{tree}}").decode().strip()
    objects = "\n".join(dict.fromkeys([name, root, *listed])) + "\n"
    (HERE / "previous.pack").write_bytes(
        _git(repository, "pack-objects", "--quiet", "--stdout", "--window=250", stdin=objects.encode())
    )
    (HERE / "previous").write_text(f"{name}\n")


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["git", "-C", str(folder), *arguments], input=stdin, check=True, capture_output=True).stdout
