"""Writes `benchmarks/results.md`: medians of all rounds, beside the floor of the same run. Pages quote its sections."""

import platform
import re
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.load import Round

RESULTS = Path(__file__).parent / "results.md"
_QUOTE = re.compile(r"(<!-- results\.md: ([^\n]*) -->\n).*?(<!-- end -->)", re.DOTALL)
_PACKAGES = ("flask", "authlib", "gunicorn", "redis", "sqlalchemy")


def table(measured: Mapping[str, Sequence[Round]], floor: str) -> str:
    """One line for each workload: medians over its rounds, and its cost as a multiple of the floor's."""
    least = _cpu(measured[floor])
    lines = [
        "| | CPU s per 1,000 | times the floor | per second on one core | p50 ms | p99 ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, rounds in measured.items():
        cells = [name, f"{_cpu(rounds):.3f}", f"{_cpu(rounds) / least:.1f}", *_speed(rounds)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def added_cost(measured: Mapping[str, Sequence[Round]], floor: str) -> str:
    """One line for each way to do the same: what it adds to the floor, in microseconds of CPU for one call."""
    least = _cpu(measured[floor])
    lines = [
        "| | CPU µs per call | added µs | calls per second | p50 ms | p99 ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, rounds in measured.items():
        cells = [name, f"{_cpu(rounds) * 1000:.0f}", f"{(_cpu(rounds) - least) * 1000:.0f}", *_speed(rounds)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(title: str, text: str) -> None:
    """Put a section in place of the one with this title, and say on what everything was measured."""
    sections = {**_sections(), title: f"\n{text}\n"}
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    machine = f"Python {platform.python_version()}, {versions}; {processor()}."
    heading = (
        "# Results\n\nWritten by `make bench`. Ratios within one run count; absolute figures are this machine's.\n\n"
    )
    body = "\n".join(f"## {name}\n{section.rstrip()}\n" for name, section in sections.items())
    RESULTS.write_text(f"{heading}{machine}\n\n{body}", encoding="utf-8")


def quoted(page: str) -> str:
    """A page whose quotations of the results are those of today. Raises KeyError for a section that isn't there."""
    sections = _sections()
    return _QUOTE.sub(lambda quote: f"{quote[1]}\n{sections[quote[2]].strip()}\n\n{quote[3]}", page)


def _sections() -> dict[str, str]:
    present = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    return dict(section.split("\n", 1) for section in present.split("\n## ")[1:])


def _speed(rounds: Sequence[Round]) -> list[str]:
    per_second = statistics.median(each.per_second for each in rounds)
    p50, p99 = (statistics.median(values) for values in zip(*((each.p50, each.p99) for each in rounds), strict=True))
    return [f"{per_second:,.0f}", f"{p50:.1f}", f"{p99:.1f}"]


def _cpu(rounds: Sequence[Round]) -> float:
    return statistics.median(each.cpu_per_1000 for each in rounds)


def processor() -> str:
    """What the machine's is called."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
