"""The weight over time as a line: where its points and its grid lines stand. The template draws them as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 16, 44
"""Room for labels, which are larger on a small screen."""
_GRID_LINES = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the picture with its label."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template needs."""

    points: list[Mark]
    weights: list[Mark]
    """Grid lines across, with the weight they stand for."""
    days: list[Mark]
    """Dates below."""

    @property
    def line(self) -> str:
        """The line through all points, as SVG writes it."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


def chart_of(entries: Sequence[dict[str, str]]) -> Chart | None:
    """The chart of entries in one unit, in any order; None for none."""
    if not entries:
        return None
    ordered = sorted((datetime.fromisoformat(entry["created_at"]), float(entry["body_weight"])) for entry in entries)
    first, last = ordered[0][0], ordered[-1][0]
    span = (last - first).total_seconds()
    step = _round_step(max(weight for _, weight in ordered) - min(weight for _, weight in ordered))
    lowest = math.floor(min(weight for _, weight in ordered) / step) * step
    highest = max(math.ceil(max(weight for _, weight in ordered) / step) * step, lowest + step)

    def across(instant: datetime) -> float:
        share = (instant - first).total_seconds() / span if span else 0.5
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def up(weight: float) -> float:
        return HEIGHT - _BOTTOM - (weight - lowest) / (highest - lowest) * (HEIGHT - _TOP - _BOTTOM)

    points = [Mark(across(instant), up(weight), f"{weight:g} on {_day(instant)}") for instant, weight in ordered]
    lines = [lowest + number * step for number in range(round((highest - lowest) / step) + 1)]
    days = [first, first + (last - first) / 2, last] if span > 2 * 86_400 else [first]
    return Chart(
        points=points,
        weights=[Mark(_LEFT, up(weight), f"{weight:g}") for weight in lines],
        days=[Mark(across(day), HEIGHT - 10, _day(day)) for day in days],
    )


def _round_step(span: float) -> float:
    """A step of 1, 2 or 5 times a power of ten, so that about four grid lines cover the span."""
    wanted = max(span / _GRID_LINES, 0.5)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted)


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%b %Y}"
