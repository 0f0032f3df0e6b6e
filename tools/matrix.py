"""`make test-matrix`: the whole suite on every Python of this machine, on this one while others use the processors, and
with the worker that gunicorn brings.

What fails only on a busy machine waits for too short a time somewhere: no test may depend on the clock being kind.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tools.console import Problem, fail, paint, say
from tools.environment import ensure_environment
from tools.interpreters import Version, installed
from tools.paths import LOCAL, ROOT, make_local_folders

_BUSY_LOOPS = (2, 8)


def main() -> None:
    """Run it; exit code 1 if anything has failed."""
    with fail():
        make_local_folders()
        own = str(ensure_environment("dev"))
        pythons = installed()
        outcomes = {_name(version): _suite(_name(version), _python(version, path)) for version, path in pythons.items()}
        for count in _BUSY_LOOPS:
            name = f"this Python beside {count} busy loops"
            with _busy_loops(count):
                outcomes[name] = _suite(name, own)
        name = "services by gunicorn's gthread"
        outcomes[name] = _suite(name, own, GUNICORN_CMD_ARGS="--worker-class gthread")
        say()
        for name, passed in outcomes.items():
            say(f"  {name:36} {paint('passed', 'green') if passed else paint('failed', 'red')}")
        if not all(outcomes.values()):
            raise Problem("the suite does not pass everywhere, see above")


def _name(version: Version) -> str:
    return "Python " + ".".join(map(str, version))


def _python(version: Version, path: str) -> str:
    """Of an environment below `.local`, one for each version."""
    folder = LOCAL / "pythons" / ".".join(map(str, version))
    folder.parent.mkdir(exist_ok=True)
    if subprocess.run([path, "-m", "tools.environment", "dev", str(folder)], cwd=ROOT, check=False).returncode != 0:
        raise Problem(f"{_name(version)} ({path}) can't be used, see above")
    return str(folder / "bin" / "python")


def _suite(name: str, python: str, **environment: str) -> bool:
    say()
    say(paint(f"The suite on {name}", "bold"))
    options = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
    command = [python, "-m", "pytest", *options]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode == 0


@contextmanager
def _busy_loops(count: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    main()
