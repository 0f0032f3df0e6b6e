"""Pinned processes and what they cost: CPU seconds and memory from the kernel's own accounting (Linux)."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, LOAD_CORE = 0, 1
"""The measured process has a core to itself; wrk and Redis share the other."""


def check_tools() -> None:
    """End with a word on what to install, if something is missing."""
    for tool in ("wrk", "redis-server", "taskset"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is needed; on Debian: apt install wrk redis-server util-linux")


def gunicorn(port: int) -> list[str]:
    """The command of one worker with sixteen threads, as the services run; the application is to be added."""
    program = str(Path(sys.executable).with_name("gunicorn"))
    worker = ["-k", "buffering_worker.worker.BufferingWorker", "-w", "1", "--threads", "16"]
    return [program, "-b", f"127.0.0.1:{port}", *worker, "--keep-alive", "75"]


def pinned(
    core: int, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> AbstractContextManager[int]:
    """A running command that may use one core only; its process id."""
    return running(["taskset", "-c", str(core), *command], environment)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A running command; its process id."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def wait_until_answering(url: str, within: float = 20.0) -> None:
    """Until `url` answers 200. Raises TimeoutError after so many seconds."""
    deadline = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} does not answer") from None
            time.sleep(0.05)


def wait_until_listening(port: int, within: float = 20.0) -> None:
    """Until somebody takes connections there. Raises TimeoutError after so many seconds."""
    deadline = time.monotonic() + within
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody listens on {port}") from None
            time.sleep(0.05)


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    pids = [pid]
    for parent in pids:
        for task in Path(f"/proc/{parent}/task").iterdir():
            pids += map(int, (task / "children").read_text().split())
    return pids


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of the processes together."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


def peak_memory(pids: Sequence[int]) -> int:
    """Bytes: the largest resident set that any of the processes ever had."""
    peaks = []
    for pid in pids:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        peaks += [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")]
    return max(peaks)


def proportional_memory(pid: int) -> int:
    """Bytes that are a process's own, with its part of what it shares; where the kernel doesn't say, all it can see."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
