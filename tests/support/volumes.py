"""How much a test does that can do it any number of times: little in the gate, much in `make volumes`, which tells.

`VOLUMES` is the part of what is asked for that is done: 1 for all of it.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

PART = float(os.environ["VOLUMES"]) if "VOLUMES" in os.environ else None


@dataclass
class Volume:
    """A row of the table. A control has to fail: else what it controls would see nothing."""

    promise: str
    gate: int
    full: int
    unit: str
    is_control: bool = False
    done: int = 0
    failures: int = 0
    """Of a control: what it lost."""

    @property
    def asked(self) -> int:
        """How often the test is to do it now."""
        return self.gate if PART is None else max(self.gate, round(self.full * PART))

    def row(self, done: int, failures: int, seconds: float) -> str:
        """A line of the table."""
        expected = " (it has to)" if self.is_control else ""
        volume = f"{self.full:,} {self.unit}"
        return f"{self.promise:78} {volume:>24} {done:>9,} {failures:>8,} {seconds:>8,.0f}{expected}"


_PAIRS = "parallel uses of a {} at two workers: one succeeds, and the grant ends"
VOLUMES = {
    "refresh tokens": Volume(_PAIRS.format("refresh token"), 50, 10_000, "x 8 at once"),
    "codes": Volume(_PAIRS.format("code"), 50, 10_000, "x 8 at once"),
    "device codes": Volume(_PAIRS.format("device code"), 20, 10_000, "x 8 at once"),
    "repetitions": Volume("parallel repetitions with one key all get the same pair", 50, 10_000, "x 8 at once"),
    "interleavings": Volume("refreshes beside an end: nothing survives that was got", 20, 5_000, "interleavings"),
    "kills": Volume("kill -9 of workers and of Redis loses nothing, lets nobody in", 3, 1_000, "kills"),
    "requests": Volume("any request gets a proper answer, and spends nothing if refused", 250, 200_000, "requests"),
    "lives": Volume("whatever becomes of grants is what the oracle says", 1_000, 200_000, "steps"),
    "power": Volume("power loss with appendfsync always loses nothing acknowledged", 2, 500, "losses of power"),
    "control": Volume("the same with everysec: the control loses some", 2, 50, "losses of power", is_control=True),
}


def note(report: pytest.TestReport, name: str) -> None:
    """Let the report of a test that was called tell what it did: it may have done so in another process."""
    volume = VOLUMES[name]
    failed = volume.failures + report.failed
    report.user_properties.append(("volume", (name, volume.done, failed, report.duration)))


def table(reports: Iterable[object]) -> list[str]:
    """A row for each test that told what it did."""
    told = [value for report in reports for key, value in getattr(report, "user_properties", ()) if key == "volume"]
    head = f"{'promise':78} {'asked':>24} {'done':>9} {'failures':>8} {'seconds':>8}"
    told.sort(key=lambda row: list(VOLUMES).index(row[0]))
    return [head, *(VOLUMES[name].row(*figures) for name, *figures in told)]
