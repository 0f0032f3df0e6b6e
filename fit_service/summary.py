"""What a chart shows of many entries: per day, week or month their number, range, mean, trend and change.

All sums are exact; each number that is shown is rounded once. Knows no HTTP and no store.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import groupby

from fit_service.weight import MASS_OF_A_THOUSANDTH, in_unit, rounded

BUCKETS = ("day", "week", "month")
DEFAULT_BUCKETS, MAX_BUCKETS = 366, 1000
"""How many a summary reaches back if it isn't told where to begin, and how many it may cover."""
TREND_DAYS = 60
_DIGITS = 50
_TREND_WEIGHTS = [Decimal("0.9") ** age for age in range(TREND_DAYS)]
"""In the trend, each day counts nine tenths of the day after it; what is older than 60 days is next to nothing."""


@dataclass(frozen=True, slots=True)
class DayTotal:
    """All entries of one day, in hundred-millionths of a gram."""

    day: date
    count: int
    mass: int
    """Of all together."""
    lightest: int
    heaviest: int


@dataclass(frozen=True, slots=True)
class BucketSummary:
    """What is shown of one bucket, in one unit."""

    index: int
    count: int
    lightest: Decimal
    heaviest: Decimal
    mean: Decimal
    trend: Decimal
    """A mean of the daily means of the 60 days up to the bucket's last entry, in which recent days weigh more."""
    change: Decimal | None
    """From the mean, as shown, of the bucket before that has entries; None if there is none."""


def bucket_index(bucket: str, day: date) -> int:
    """The number of the bucket that holds a day; the next bucket has the next number."""
    if bucket == "month":
        return day.year * 12 + day.month - 1
    return day.toordinal() if bucket == "day" else (day.toordinal() - 1) // 7  # day 1 was a Monday


def first_day(bucket: str, index: int) -> date:
    """Where a bucket begins. Weeks begin on Monday (ISO 8601)."""
    if bucket == "month":
        return date(index // 12, index % 12 + 1, 1)
    return date.fromordinal(index if bucket == "day" else index * 7 + 1)


def summarize(days: Sequence[DayTotal], bucket: str, unit: str) -> list[BucketSummary]:
    """One summary for each bucket that has entries. `days` are in order."""
    summaries: list[BucketSummary] = []
    for index, grouped in groupby(days, key=lambda total: bucket_index(bucket, total.day)):
        totals = list(grouped)
        count = sum(total.count for total in totals)
        mean = rounded(sum(total.mass for total in totals), count * _unit_mass(unit))
        summaries.append(
            BucketSummary(
                index=index,
                count=count,
                lightest=in_unit(min(total.lightest for total in totals), unit),
                heaviest=in_unit(max(total.heaviest for total in totals), unit),
                mean=mean,
                trend=_trend(days, totals[-1].day, unit),
                change=mean - summaries[-1].mean if summaries else None,
            )
        )
    return summaries


def _trend(days: Sequence[DayTotal], last: date, unit: str) -> Decimal:
    begin, end = (bisect(days, day, key=_day_of) for day in (last - timedelta(days=TREND_DAYS), last))
    with localcontext(prec=_DIGITS):
        weighted, weights = Decimal(0), Decimal(0)
        for total in days[begin:end]:
            weight = _TREND_WEIGHTS[(last - total.day).days]
            weighted += weight * total.mass / total.count
            weights += weight
        return (weighted / weights / _unit_mass(unit)).quantize(Decimal("0.01"))


def _day_of(total: DayTotal) -> date:
    return total.day


def _unit_mass(unit: str) -> int:
    return MASS_OF_A_THOUSANDTH[unit] * 1000
