"""Makes two years of plausible weights of somebody who doesn't exist, for charts and trials, in whole grams."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from fit_service.rules.body_weight_entry import NewEntry
from fit_service.rules.weight import Weight

DAYS = 730
_OLD_SCALE = 150
"""On the first so many days it was a scale that showed pounds, in steps of a fifth."""


def sample_weights(person: str, today: date) -> Iterator[NewEntry]:
    """Make weights up to yesterday, the oldest first, and always the same ones for a person and a day."""
    choice = Random(person)  # noqa: S311 - it shall be repeatable
    begin = today - timedelta(days=DAYS)
    beginning, loss = choice.randrange(78_000, 96_000), choice.randrange(3_000, 9_000)
    journeys = [choice.randrange(DAYS) for _ in range(3)]
    for number in range(DAYS):
        day = begin + timedelta(days=number)
        grams = beginning - _progress(number) * loss // 1000 + _season(day) + _weekend(day)
        grams += sum(choice.randrange(-350, 351) for _ in range(3))
        moment = time(6 + choice.randrange(2), choice.randrange(60), choice.randrange(60), tzinfo=UTC)
        forgotten = choice.randrange(100) < 12
        away = any(journey <= number < journey + 11 for journey in journeys)
        if not forgotten and not away:
            yield NewEntry(_as_shown(grams, old_scale=number < _OLD_SCALE), datetime.combine(day, moment))


def _progress(number: int) -> int:
    """Return how much of what is lost in all is lost by then, in thousandths; towards the end a little comes back."""
    turn = DAYS * 6 // 10
    return 1000 * number // turn if number < turn else 1000 - 250 * (number - turn) // (DAYS - turn)


def _season(day: date) -> int:
    """Return the grams that the season adds: up to 1.2 kg more around New Year than at midsummer."""
    from_new_year = min(day.timetuple().tm_yday, 366 - day.timetuple().tm_yday)
    return 1_200 * (183 - from_new_year) // 183


def _weekend(day: date) -> int:
    return {0: 350, 1: 150, 6: 200}.get(day.weekday(), 0)


def _as_shown(grams: int, *, old_scale: bool) -> Weight:
    if old_scale:
        return Weight(Decimal(grams * 5 * 100_000 // 45_359_237) / 5, "lbs")
    return Weight(Decimal(grams // 100) / 10, "kg")
