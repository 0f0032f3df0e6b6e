"""From the start of gunicorn until a service is ready, and what a worker weighs that does nothing.

`python -m benchmarks.startup [starts]`; needs redis-server. On SQLite, as the local stack has it.
"""

import base64
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.processes import check_tools, cpu_seconds, family, proportional_memory, running

TITLE = "Startup and memory"
_PORT, _REDIS_PORT = 18_450, 18_451
_PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class _Start:
    seconds: float
    cpu: float
    """Seconds, of gunicorn's master and its one worker."""
    worker: int
    """Bytes, when it has done nothing for a second."""


def main() -> None:
    """Measure and write the results."""
    check_tools()
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    starts: dict[str, list[_Start]] = {"auth_service": [], "fit_service": []}
    upgrades: dict[str, float] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(running(["redis-server", "--port", str(_REDIS_PORT), "--save", "", "--dir", str(folder)]))
        settings = {"auth_service": _auth_settings(folder), "fit_service": _fit_settings(folder)}
        for service in starts:
            upgrades[service] = _seconds_to_upgrade(service, settings[service])
        for number in range(1, times + 1):
            print(f"start {number} of {times}", flush=True)
            for service, measured in starts.items():
                measured.append(_start(service, settings[service]))
    text = _table(starts, upgrades)
    report.write(
        TITLE,
        "gunicorn with one worker, SQLite, redis-server: from the start of the process to the first 200 of "
        f"`/health/ready`, medians of {times} starts. Before the first start the tables are made.\n\n{text}",
    )
    print(text)


def _seconds_to_upgrade(service: str, settings: Mapping[str, str]) -> float:
    began = time.monotonic()
    command = [str(_PROGRAMS / "flask"), "--app", service, "database", "upgrade"]
    subprocess.run(command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def _start(service: str, settings: Mapping[str, str]) -> _Start:
    command = [str(_PROGRAMS / "gunicorn"), "-c", f"{service}/gunicorn.conf.py", "-w", "1", "-b", f"127.0.0.1:{_PORT}"]
    began = time.monotonic()
    with running(command, settings) as pid:
        while not _ready():
            time.sleep(0.005)
        seconds, cpu = time.monotonic() - began, cpu_seconds(family(pid))
        time.sleep(1)
        _, worker = family(pid)
        return _Start(seconds, cpu, proportional_memory(worker))


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{_PORT}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as refusal:
        raise ValueError(f"/health/ready answered {refusal.code}") from None
    except OSError:
        return False


def _auth_settings(folder: Path) -> dict[str, str]:
    return {
        "AUTH_ISSUER": f"http://localhost:{_PORT}",
        "AUTH_DATABASE_URL": f"sqlite:///{folder / 'auth.sqlite'}",
        "AUTH_REDIS_URL": f"redis://127.0.0.1:{_REDIS_PORT}/0",
        "AUTH_TOKEN_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }


def _fit_settings(folder: Path) -> dict[str, str]:
    return {
        "FIT_RESOURCE": f"http://localhost:{_PORT}/api/",
        "FIT_ISSUER": "http://localhost:9",
        "FIT_CLIENT_ID": "moogle-fit",
        "FIT_CLIENT_SECRET": secrets.token_urlsafe(32),
        "FIT_DATABASE_URL": f"sqlite:///{folder / 'fit.sqlite'}",
        "FIT_REDIS_URL": f"redis://127.0.0.1:{_REDIS_PORT}/1",
    }


def _table(starts: Mapping[str, list[_Start]], upgrades: Mapping[str, float]) -> str:
    lines = [
        "| | s until ready | CPU s of it | idle worker, MiB | `database upgrade`, s |",
        "|---|---:|---:|---:|---:|",
    ]
    for service, measured in starts.items():
        seconds, cpu = (
            statistics.median(each) for each in zip(*((one.seconds, one.cpu) for one in measured), strict=True)
        )
        memory = statistics.median(each.worker for each in measured) / 2**20
        lines.append(f"| {service} | {seconds:.2f} | {cpu:.2f} | {memory:.0f} | {upgrades[service]:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
