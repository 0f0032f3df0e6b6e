"""Runs a module as a process of its own, and says what it took. It imports nothing that would count with it."""

import atexit
import runpy
import subprocess
import sys
import time
from dataclasses import astuple, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took."""

    seconds: float
    """Of CPU time, its start included."""
    peak: float
    """Of resident memory, in MiB."""


def measured(arguments: list[str], environment: dict[str, str] | None = None, expected: str = "") -> Cost:
    """Run a module with arguments, and let it write down what it took: the kernel counts its parent's memory too."""
    program = "import sys; from benchmarks.process_cost import run; run(sys.argv[1:])"
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    answer, _, cost = done.stdout.rstrip().rpartition("\n")
    if done.returncode or expected not in answer:
        raise SystemExit(f"{arguments} ended with {done.returncode}: {done.stdout} {done.stderr}")
    seconds, peak = cost.split()
    return Cost(float(seconds), float(peak))


def run(arguments: list[str]) -> None:
    """Run a module with arguments, and write at the end of the process what it took."""
    sys.argv = arguments
    atexit.register(lambda: print(*astuple(so_far())))
    runpy.run_module(arguments[0], run_name="__main__")


def so_far() -> Cost:
    """What this process took."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return Cost(time.process_time(), int(status.partition("VmHWM:")[2].split()[0]) / 1024)
