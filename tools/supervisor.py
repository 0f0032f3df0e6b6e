"""Keeps the local stack's processes: starts them, notes what became of each, ends them when told to.

It holds a lock for as long as it lives, so `make down` ends exactly what `make up` started and nothing that merely has
the same process id.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from tools.addresses import service_environment
from tools.console import Problem
from tools.paths import LOGS, ROOT, RUN

_LOCK = RUN / "supervisor.lock"
_STATUS = RUN / "status.json"
_SPECIFICATION = RUN / "processes.json"
_PATIENCE = 15
"""Seconds that a process has to end before it is killed."""


@dataclass(frozen=True, slots=True)
class ProcessSpecification:
    """One process of the stack. Its output goes to `.local/log/<name>.log`."""

    name: str
    command: list[str]
    environment: dict[str, str]


def start(processes: list[ProcessSpecification]) -> None:
    """Start a supervisor in the background."""
    _SPECIFICATION.touch(mode=0o600)
    _SPECIFICATION.write_text(json.dumps([asdict(process) for process in processes]), encoding="utf-8")
    _STATUS.unlink(missing_ok=True)
    with (LOGS / "supervisor.log").open("a") as log:
        subprocess.Popen(
            [sys.executable, "-m", "tools.supervisor"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def stop() -> bool:
    """End the running supervisor with its processes; False if there is none. Raises Problem."""
    pid = running()
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    for _ in range((_PATIENCE + 5) * 20):
        if running() is None:
            return True
        time.sleep(0.05)
    raise Problem(f"process {pid} does not end; see {LOGS / 'supervisor.log'}")


def running() -> int | None:
    """The process id of the supervisor, if one is alive."""
    if not _LOCK.exists():
        return None
    with _LOCK.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read() or 0) or None
    return None


def ended_processes() -> dict[str, int]:
    """Exit codes of the processes that have ended, by name."""
    try:
        status: dict[str, int] = json.loads(_STATUS.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return status


def _supervise() -> None:
    lock = _LOCK.open("a+")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    told_to_stop = False

    def stop_soon(_signal: int, _frame: FrameType | None) -> None:
        nonlocal told_to_stop
        told_to_stop = True

    signal.signal(signal.SIGTERM, stop_soon)
    signal.signal(signal.SIGINT, stop_soon)
    processes = {each["name"]: _start(ProcessSpecification(**each)) for each in json.loads(_SPECIFICATION.read_text())}
    _SPECIFICATION.unlink()
    ended: dict[str, int] = {}
    while not told_to_stop:
        for name, process in processes.items():
            if name not in ended and process.poll() is not None:
                ended[name] = process.returncode
                print(f"{time.strftime('%F %T')} {name} has ended with {process.returncode}", flush=True)
                _write(_STATUS, json.dumps(ended))
        time.sleep(0.1)
    _stop_all(processes)


def _start(process: ProcessSpecification) -> subprocess.Popen[bytes]:
    with (LOGS / f"{process.name}.log").open("ab") as log:
        return subprocess.Popen(
            process.command,
            cwd=ROOT,
            env=service_environment(process.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _stop_all(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """The last one started ends first: nobody loses what it depends on."""
    for name, process in reversed(processes.items()):
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            print(f"{name} did not end and was killed", flush=True)
            process.kill()


def _write(file: Path, text: str) -> None:
    temporary = file.with_suffix(".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)


if __name__ == "__main__":
    _supervise()
