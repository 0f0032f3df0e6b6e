"""A trend is the weight without its daily ups and downs, in one of two definitions.

Both are of days, so that somebody who weighs three times a morning has no other trend than somebody who does once, and
neither depends on where a summary begins. Masses are in hundred-millionths of a gram.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

TIME, HACKERS_DIET = "time", "hackers_diet"
SMOOTHINGS = (TIME, HACKERS_DIET)
TREND_DAYS = 60
"""A trend by time looks back so far, and bridges no longer gap between two weighings."""
_DIGITS = 50
_DAY_BEFORE = Decimal("0.9")
"""Each day counts so much of the day after it."""
_WEIGHTS = [_DAY_BEFORE**age for age in range(TREND_DAYS)]

DayMeans = Sequence[tuple[date, Decimal]]
"""It holds the days with weighings, in order, and the mean mass of each."""


def first_needed_day(smoothing: str, first: date) -> date | None:
    """Return the day from which on the means must be known for the trend of `first`; None: the first of all."""
    return first - timedelta(days=2 * TREND_DAYS) if smoothing == TIME else None


def trends(means: DayMeans, days: Collection[date], smoothing: str) -> Mapping[date, Decimal]:
    """Return the trend of each of these days, which are days with weighings."""
    with localcontext(prec=_DIGITS):
        return _by_time(means, days) if smoothing == TIME else _hackers_diet(means)


def _by_time(means: DayMeans, days: Collection[date]) -> dict[date, Decimal]:
    """Take a mean of 60 days as if the person had weighed every day, in which a day counts nine tenths of the next.

    Days without a weighing lie on the straight line between the weighings around them, so that it does not matter how
    many there are, but when: of somebody who weighs weekly, the newest value counts a third.
    """
    every_day = dict(means)
    for (day, mean), (next_day, next_mean) in pairwise(means):
        gap = (next_day - day).days
        if gap < TREND_DAYS:
            step = (next_mean - mean) / gap
            every_day |= {day + timedelta(days=number): mean + step * number for number in range(1, gap)}
    return {day: _weighted(every_day, day) for day in days}


def _weighted(every_day: Mapping[date, Decimal], last: date) -> Decimal:
    total, weights = Decimal(0), Decimal(0)
    for age, weight in enumerate(_WEIGHTS):
        mean = every_day.get(last - timedelta(days=age))
        if mean is not None:
            total += weight * mean
            weights += weight
    return total / weights


def _hackers_diet(means: DayMeans) -> dict[date, Decimal]:
    """Move the trend by a tenth of its distance on each day with a weighing, as in The Hacker's Diet."""
    found: dict[date, Decimal] = {}
    trend: Decimal | None = None
    for day, mean in means:
        trend = mean if trend is None else trend + (mean - trend) / 10
        found[day] = trend
    return found
