"""Keeps the local stack's processes: starts them, notes what became of each, ends them when told to.

It holds a lock for as long as it lives, and all its processes hold another one, which they inherit. So `make down` ends
exactly what `make up` started, also when the supervisor was killed, and nothing that merely has the same process id.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

from tools.addresses import service_environment
from tools.console import Problem
from tools.paths import LOGS, ROOT, RUN

_LOCK = RUN / "supervisor.lock"
_PROCESSES_LOCK = RUN / "processes.lock"
_STATUS = RUN / "status.json"
_SPECIFICATION = RUN / "processes.json"
_LARGEST_LOG = 5 * 1024 * 1024
"""Bytes; then a log goes on from empty, beside a copy of what it was."""
_LOOK_AT_LOGS_EVERY = 10.0
"""Seconds."""
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
    add(processes)
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


def add(processes: list[ProcessSpecification]) -> None:
    """Let the supervisor start these too."""
    waiting = _SPECIFICATION.with_suffix(".new")
    waiting.touch(mode=0o600)
    waiting.write_text(json.dumps([asdict(process) for process in processes]), encoding="utf-8")
    waiting.replace(_SPECIFICATION)


def stop() -> bool:
    """End the running supervisor with its processes, or what is left of them; False if nothing is. Raises Problem."""
    if (pid := running()) is not None:
        os.kill(pid, signal.SIGTERM)
        if not _ended(running, 8 * _PATIENCE):  # it ends one after the other, and kills who doesn't
            raise Problem(f"process {pid} does not end; see {LOGS / 'supervisor.log'}")
        return True
    if (group := left_behind()) is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):  # the last one has just ended
            os.killpg(group, number)
        if _ended(left_behind, _PATIENCE):
            return True
    raise Problem(f"the processes of group {group} do not end")


def running() -> int | None:
    """The process id of the supervisor, if one is alive."""
    return _holder(_LOCK)


def left_behind() -> int | None:
    """The group of the processes whose supervisor was killed, if any lives. While one does, nobody else gets its id."""
    return _holder(_PROCESSES_LOCK) if running() is None else None


def _holder(file: Path) -> int | None:
    """What whoever holds the lock has written into it."""
    if not file.exists():
        return None
    with file.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read() or 0) or None
    return None


def _ended(alive: Callable[[], int | None], within: float) -> bool:
    deadline = time.monotonic() + within
    while alive() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _hold(file: Path) -> TextIO:
    """Lock the file for as long as a process has it open, and write our process id, also our group's, into it."""
    lock = file.open("a+")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def ended_processes() -> dict[str, int]:
    """Exit codes of the processes that have ended, by name."""
    try:
        status: dict[str, int] = json.loads(_STATUS.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return status


def _supervise() -> None:
    _lock, inherited = _hold(_LOCK), _hold(_PROCESSES_LOCK)
    told_to_stop = False

    def stop_soon(_signal: int, _frame: FrameType | None) -> None:
        nonlocal told_to_stop
        told_to_stop = True

    signal.signal(signal.SIGTERM, stop_soon)
    signal.signal(signal.SIGINT, stop_soon)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    ended: dict[str, int] = {}
    next_look = time.monotonic()
    while not told_to_stop:
        if time.monotonic() >= next_look:
            cut_large_logs()
            next_look = time.monotonic() + _LOOK_AT_LOGS_EVERY
        for each in _added():
            processes[each.name] = _start(each, inherited)
        for name, process in processes.items():
            if name not in ended and process.poll() is not None:
                ended[name] = process.returncode
                print(f"{time.strftime('%F %T')} {name} has ended with {process.returncode}", flush=True)
                _write(_STATUS, json.dumps(ended))
        time.sleep(0.1)
    _stop_all(processes)


def _added() -> list[ProcessSpecification]:
    if not _SPECIFICATION.exists():
        return []
    added = [ProcessSpecification(**each) for each in json.loads(_SPECIFICATION.read_text(encoding="utf-8"))]
    _SPECIFICATION.unlink()
    return added


def cut_large_logs() -> None:
    """Empty each log that has grown large, in place since processes have it open to append; its copy ends in `.1`."""
    for log in LOGS.glob("*.log"):
        if log.stat().st_size > _LARGEST_LOG:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def _start(process: ProcessSpecification, inherited: TextIO) -> subprocess.Popen[bytes]:
    with (LOGS / f"{process.name}.log").open("ab") as log:
        return subprocess.Popen(
            process.command,
            cwd=ROOT,
            env=service_environment(process.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[inherited.fileno()],
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
