"""A chart shows of many entries, for each day, week or month, their number, range, mean, trend and change.

All sums are exact; each number that is shown is rounded once, to three decimals, so that a mean lies within its range.
Knows no HTTP and no store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from itertools import groupby

from fit_service.rules.trend import trends
from fit_service.rules.weight import MASS_OF_A_THOUSANDTH, in_unit, rounded

BUCKETS = ("day", "week", "month")
DEFAULT_BUCKETS, MAX_BUCKETS = 366, 1000
"""A summary reaches back the first if it isn't told where to begin, and covers at most the second."""


_DIGITS, _THOUSANDTH = 50, Decimal("0.001")


@dataclass(frozen=True, slots=True)
class DayTotal:
    """It holds what all entries of one day add up to, in hundred-millionths of a gram."""

    day: date
    count: int
    mass: int
    """It is the mass of all together."""
    lightest: int
    heaviest: int


@dataclass(frozen=True, slots=True)
class BucketSummary:
    """It is what is shown of one bucket, in one unit."""

    index: int
    count: int
    lightest: Decimal
    heaviest: Decimal
    mean: Decimal
    trend: Decimal
    """It is the trend on the bucket's last day with entries."""
    change: Decimal | None
    """It is the difference to the mean, as shown, of the last bucket before with entries; None if there is none."""


def bucket_index(bucket: str, day: date) -> int:
    """Return the number of the bucket that holds a day; the next bucket has the next number."""
    if bucket == "month":
        return day.year * 12 + day.month - 1
    return day.toordinal() if bucket == "day" else (day.toordinal() - 1) // 7  # day 1 was a Monday


def first_day(bucket: str, index: int) -> date:
    """Return the day on which a bucket begins. Weeks begin on Monday (ISO 8601)."""
    if bucket == "month":
        return date(index // 12, index % 12 + 1, 1)
    return date.fromordinal(index if bucket == "day" else index * 7 + 1)


def summarize(days: Sequence[DayTotal], bucket: str, unit: str, smoothing: str) -> list[BucketSummary]:
    """Make a summary of each bucket that has entries. `days` are in order."""
    buckets = [
        (index, list(totals)) for index, totals in groupby(days, key=lambda total: bucket_index(bucket, total.day))
    ]
    trend_of = trends(_day_means(days), [totals[-1].day for _, totals in buckets], smoothing)
    summaries: list[BucketSummary] = []
    for index, totals in buckets:
        count = sum(total.count for total in totals)
        mean = rounded(sum(total.mass for total in totals), count * _unit_mass(unit))
        summaries.append(
            BucketSummary(
                index=index,
                count=count,
                lightest=in_unit(min(total.lightest for total in totals), unit),
                heaviest=in_unit(max(total.heaviest for total in totals), unit),
                mean=mean,
                trend=_in_unit(trend_of[totals[-1].day], unit),
                change=mean - summaries[-1].mean if summaries else None,
            )
        )
    return summaries


def _day_means(days: Sequence[DayTotal]) -> list[tuple[date, Decimal]]:
    with localcontext(prec=_DIGITS):
        return [(total.day, Decimal(total.mass) / total.count) for total in days]


def _in_unit(mass: Decimal, unit: str) -> Decimal:
    with localcontext(prec=_DIGITS):
        return (mass / _unit_mass(unit)).quantize(_THOUSANDTH)


def _unit_mass(unit: str) -> int:
    return MASS_OF_A_THOUSANDTH[unit] * 1000
