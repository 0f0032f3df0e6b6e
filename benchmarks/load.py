"""One round of load by wrk against one server, and what it cost the server."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.processes import LOAD_CORE, cpu_seconds, family

_SCRIPTS = Path(__file__).parent / "wrk"


@dataclass(frozen=True, slots=True)
class Round:
    """One round. Latencies in milliseconds."""

    requests: int
    cpu_per_1000: float
    """CPU seconds of the server for 1,000 requests."""
    per_second: float
    p50: float
    p99: float
    statuses: Counter[int]
    beside: tuple[float, ...] = ()
    """The same as `cpu_per_1000`, of other processes whose part in it was to be counted."""

    def expect(self, status: int) -> Self:
        """A benchmark of refusals would be worth nothing: raise ValueError unless every answer had this status."""
        if set(self.statuses) != {status}:
            raise ValueError(f"not every answer was {status}: {dict(self.statuses)}")
        return self


def run_round(
    server: int,
    url: str,
    script: str,
    arguments: Sequence[str],
    *,
    seconds: int = 3,
    connections: int = 16,
    beside: Sequence[int] = (),
) -> Round:
    """Load `url` for some seconds; `server` is the process whose family's CPU time is counted, `beside` are others."""
    before = [cpu_seconds(family(each)) for each in (server, *beside)]
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(_SCRIPTS / f"{script}.lua"), url]
    done = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), *wrk, "--", *arguments],
        env={**os.environ, "WRK_SCRIPTS": str(_SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    after = [cpu_seconds(family(each)) for each in (server, *beside)]
    result = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("RESULT ")).split(" ", 1)[1])
    statuses: Counter[int] = Counter()
    for thread in result["statuses"]:
        statuses.update({int(status): times for status, times in thread.items()})
    answered = statuses.total()
    spent = [(late - early) / answered * 1000 for early, late in zip(before, after, strict=True)]
    return Round(
        requests=answered,
        cpu_per_1000=spent[0],
        per_second=answered / result["microseconds"] * 1e6,
        p50=result["p50"] / 1000,
        p99=result["p99"] / 1000,
        statuses=statuses,
        beside=tuple(spent[1:]),
    )
