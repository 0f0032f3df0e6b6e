"""A summary as one would compute it without haste: every entry's local day from the zone itself, sums as fractions.

It shares no code with the service: no day totals, no list of clock changes, no SQL.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import lcm
from zoneinfo import ZoneInfo

POUND = Fraction("0.45359237")


@dataclass(frozen=True)
class Weighing:
    """What a person entered."""

    at: datetime
    amount: Fraction
    unit: str

    def in_unit(self, unit: str) -> Fraction:
        kilograms = self.amount * (POUND if self.unit == "lbs" else 1)
        return kilograms / (POUND if unit == "lbs" else 1)


def slow_summary(
    weighings: Iterable[Weighing], zone: ZoneInfo, bucket: str, unit: str
) -> dict[date, Mapping[str, object]]:
    """By the first day of each bucket that has entries: count, min, max, mean and trend by time."""
    by_day: dict[date, list[Fraction]] = {}
    for weighing in weighings:
        by_day.setdefault(weighing.at.astimezone(zone).date(), []).append(weighing.in_unit(unit))
    means = {day: sum(amounts) / len(amounts) for day, amounts in by_day.items()}
    buckets: dict[date, list[date]] = {}
    for day in sorted(by_day):
        buckets.setdefault(_first_day(day, bucket), []).append(day)
    every_day = _every_day(means)
    shown = {}
    for first, days in buckets.items():
        amounts = [amount for day in days for amount in by_day[day]]
        values = min(amounts), max(amounts), sum(amounts) / len(amounts), _trend(every_day, days[-1])
        names = ("min", "max", "mean", "trend")
        shown[first] = {"count": len(amounts), **dict(zip(names, map(_text, values), strict=True))}
    return shown


@lru_cache(10_000)
def slow_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment at which it is that day there, or a later one: looked for second by second."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    around = [midnight + timedelta(hours=hours) for hours in range(-38, 16)]
    offsets = {hour.astimezone(zone).utcoffset() or timedelta(0) for hour in around}
    if len(offsets) == 1:
        return midnight - offsets.pop()
    instant = around[0]
    while instant.astimezone(zone).date() < day:
        instant += timedelta(minutes=1)
    instant -= timedelta(minutes=1)
    while instant.astimezone(zone).date() < day:
        instant += timedelta(seconds=1)
    return instant


def _first_day(day: date, bucket: str) -> date:
    if bucket == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if bucket == "week" else day


def _every_day(means: Mapping[date, Fraction]) -> dict[date, Fraction]:
    every_day, days = dict(means), sorted(means)
    for day, following in pairwise(days):
        gap = (following - day).days
        for number in range(1, gap if gap < 60 else 0):
            every_day[day + timedelta(days=number)] = means[day] + (means[following] - means[day]) * Fraction(
                number, gap
            )
    return every_day


def _trend(every_day: Mapping[date, Fraction], last: date) -> Fraction:
    known = {age: every_day[day] for age in range(60) if (day := last - timedelta(days=age)) in every_day}
    counts = {age: 9**age * 10 ** (59 - age) for age in known}
    common = lcm(*(mean.denominator for mean in known.values()))
    masses = (counts[age] * mean.numerator * (common // mean.denominator) for age, mean in known.items())
    return Fraction(sum(masses), common * sum(counts.values()))


def _text(number: Fraction) -> str:
    thousandths = round(number * 1000)
    text = f"{thousandths // 1000}.{thousandths % 1000:03}"
    return text.rstrip("0").rstrip(".")
