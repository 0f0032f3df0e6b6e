"""The weight over time: the trend as a line over faint points, and grid lines. The template draws them as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from examples.strength_app.local_time import Zone
from examples.strength_app.weights import Period

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 16, 44
"""Room for labels, which are larger on a small screen."""
_GRID_LINES = 4

Point = tuple[datetime, float]


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
    """Single weighings, or the mean of each day, week or month."""
    trend: list[Mark]
    weights: list[Mark]
    """Grid lines across, with the weight they stand for."""
    days: list[Mark]
    """Dates below."""

    @property
    def line(self) -> str:
        """The line through the trend, as SVG writes it."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.trend)


def chart_of(period: Period, zone: Zone) -> Chart | None:
    """The chart of a period; None if there is nothing in it."""
    if not period.entries:
        return None
    trend = [(_middle(bucket, zone), float(bucket["trend"])) for bucket in period.buckets]
    if period.more:
        points = [(_middle(bucket, zone), float(bucket["mean"])) for bucket in period.buckets]
    else:
        points = [(zone.local(entry["created_at"]), float(entry["body_weight"])) for entry in period.entries]
    return _drawn(sorted(points), trend)


def _drawn(points: Sequence[Point], trend: Sequence[Point]) -> Chart:
    moments, weights = zip(*points, *trend, strict=True)
    first, last = min(moments), max(moments)
    span = (last - first).total_seconds()
    step = _round_step(max(weights) - min(weights))
    lowest = math.floor(min(weights) / step) * step
    highest = max(math.ceil(max(weights) / step) * step, lowest + step)

    def mark(point: Point, label: str) -> Mark:
        share = (point[0] - first).total_seconds() / span if span else 0.5
        up = (point[1] - lowest) / (highest - lowest)
        across = _LEFT + share * (WIDTH - _LEFT - _RIGHT)
        return Mark(across, HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM), label)

    days = [first, first + (last - first) / 2, last] if span > 2 * 86_400 else [first]
    lines = [lowest + number * step for number in range(round((highest - lowest) / step) + 1)]
    return Chart(
        points=[mark(point, f"{point[1]:g} on {_day(point[0])}") for point in points],
        trend=[mark(point, "") for point in trend],
        weights=[Mark(_LEFT, mark((first, weight), "").y, f"{weight:g}") for weight in lines],
        days=[Mark(mark((day, lowest), "").x, HEIGHT - 10, _day(day)) for day in days],
    )


def _middle(bucket: dict[str, str], zone: Zone) -> datetime:
    start, end = zone.local(bucket["start"]), zone.local(bucket["end"])
    return start + (end - start) / 2


def _round_step(span: float) -> float:
    """A step of 1, 2 or 5 times a power of ten, so that about four grid lines cover the span."""
    wanted = max(span / _GRID_LINES, 0.5)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted)


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%b %Y}"
