"""Writes `benchmarks/results.md`: medians of all rounds, beside the floor of the same run."""

import platform
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.load import Round

RESULTS = Path(__file__).parent / "results.md"
_PACKAGES = ("flask", "authlib", "gunicorn", "redis", "sqlalchemy")


def table(measured: Mapping[str, Sequence[Round]], floor: str) -> str:
    """One line for each workload: medians over its rounds, and its cost as a multiple of the floor's."""
    least = _cpu(measured[floor])
    lines = [
        "| | CPU s per 1,000 | times the floor | per second on one core | p50 ms | p99 ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, rounds in measured.items():
        per_second = statistics.median(each.per_second for each in rounds)
        p50, p99 = (
            statistics.median(values) for values in zip(*((each.p50, each.p99) for each in rounds), strict=True)
        )
        cells = [name, f"{_cpu(rounds):.3f}", f"{_cpu(rounds) / least:.1f}", f"{per_second:,.0f}"]
        lines.append("| " + " | ".join([*cells, f"{p50:.1f}", f"{p99:.1f}"]) + " |")
    return "\n".join(lines)


def write(parts: Sequence[str]) -> None:
    """The whole file."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    machine = f"Python {platform.python_version()}, {versions}; {_processor()}."
    heading = (
        "# Results\n\nWritten by `make bench`. Ratios within one run count; absolute figures are this machine's.\n"
    )
    RESULTS.write_text("\n\n".join([heading + "\n" + machine, *parts]) + "\n", encoding="utf-8")


def _cpu(rounds: Sequence[Round]) -> float:
    return statistics.median(each.cpu_per_1000 for each in rounds)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
