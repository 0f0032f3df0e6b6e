"""What is left of the best rate when more is asked: `python -m benchmarks.overload [rounds [seconds]]`.

The application waits for 20 ms as for a store, so threads are what is short, and a machine with other work to do
measures the same. Requests come at their own pace, from callers who give up after a second.
"""

import math
import os
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.processes import gunicorn, running, wait_until_listening
from buffering_worker.worker import BufferingWorker
from tests.support.open_load import PATIENCE, OpenLoad

TITLE = "Overload"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
TIMES = (0.8, 1, 2, 3)
_PORT = 18_520
_STORE = 0.02
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
_WARMING = 2.0
_PAUSE = 1.5
"""Seconds until those who gave up are forgotten."""
_WAYS = {"as it is": "BufferingWorker", "without a longest wait": "PatientWorker"}


class PatientWorker(BufferingWorker):
    """Begins with each request, however long it waited."""

    longest_wait = math.inf


def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Wait for what would be a store."""
    time.sleep(_STORE)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]


@dataclass(frozen=True, slots=True)
class _Measured:
    good: float
    """Good answers a second, as a part of the best rate."""
    p50: float
    """Milliseconds of the good answers."""
    p99: float
    shed: float
    """How many of all requests were told 503."""
    lost: float
    """How many had no answer in time."""


def main() -> None:
    """Measure, write the results, and quote them in the page about them."""
    given = [int(each) for each in sys.argv[1:]]
    rounds, seconds = given + [3, 6][len(given) :]
    measured: dict[tuple[float, str], list[_Measured]] = defaultdict(list)
    best = []
    with ExitStack() as stack:
        ports = {}
        for number, (way, worker) in enumerate(_WAYS.items()):
            ports[way] = stack.enter_context(_served(_PORT + number, worker))
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", flush=True)
            best.append(OpenLoad(ports["as it is"], _REQUEST).run(_WARMING, at_once=16))
            for times in TIMES:
                for way, port in ports.items():
                    measured[times, way].append(_measure(port, seconds, times, statistics.median(best)))
                    time.sleep(_PAUSE)
    text = _table(measured, rounds, seconds, statistics.median(best))
    report.write(TITLE, text)
    PAGE.write_text(report.quoted(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(text)


@contextmanager
def _served(port: int, worker: str) -> Iterator[int]:
    name = f"{BufferingWorker.__module__ if worker == BufferingWorker.__name__ else 'benchmarks.overload'}.{worker}"
    command = [*gunicorn(port), "--no-control-socket", "-k", name, "benchmarks.overload:app"]
    with running(command):
        wait_until_listening(port)
        yield port


def _measure(port: int, seconds: float, times: float, best: float) -> _Measured:
    load = OpenLoad(port, _REQUEST)
    good = load.run(seconds, per_second=times * best)
    outcomes: Counter[int | str] = load.outcomes
    waits = sorted(load.waits) or [math.nan]
    lost = outcomes["gave up"] + outcomes["closed"]
    return _Measured(
        good / best,
        statistics.median(waits) * 1_000,
        waits[len(waits) * 99 // 100] * 1_000,
        outcomes[503] / outcomes.total(),
        lost / outcomes.total(),
    )


def _table(measured: dict[tuple[float, str], list[_Measured]], rounds: int, seconds: float, best: float) -> str:
    lines = [
        (
            f"One worker, an application that waits for {_STORE * 1_000:.0f} ms, callers who give up after "
            f"{PATIENCE:.0f} s: {best:.0f} good answers per second at most. Medians of {rounds} rounds of "
            f"{seconds:.0f} s in which both ways take turns; the machine ({report.processor()}) had a load of "
            f"{os.getloadavg()[1]:.0f} on {os.cpu_count()} cores."
        ),
        "",
        "| asked, times the best rate | | good answers, of the best rate | p50 ms | p99 ms | told 503 | no answer |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    for (times, way), results in measured.items():
        cells = [
            f"{times:g}",
            way,
            f"{_median(results, 'good'):.0%}",
            f"{_median(results, 'p50'):.0f}",
            f"{_median(results, 'p99'):.0f}",
            f"{_median(results, 'shed'):.0%}",
            f"{_median(results, 'lost'):.0%}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _median(results: Sequence[_Measured], name: str) -> float:
    return statistics.median(getattr(each, name) for each in results)


if __name__ == "__main__":
    main()
