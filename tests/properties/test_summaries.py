"""Summaries of a decade, in every time zone, are those of a slow and obvious computation."""

import random
import time
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import requests

from fit_service.rules.body_weight_entry import NewEntry
from fit_service.rules.weight import Weight
from tests.properties.slow_summary import Weighing, slow_start, slow_summary
from tests.support.actions import Actions

YEARS_AT_ONCE = {"day": 2, "week": 10, "month": 10}
"""An answer has at most 1000 buckets."""
BUCKETS = tuple(YEARS_AT_ONCE)
PARTS = 12
"""Of all zones: so many tests, each of which is over before long and says which zone it ended at."""
DECADE = range(2006, 2016)
NO_ZONES = {"Factory", "localtime"}
"""Names that a machine has beside those of places."""
ODD_YEARS = (
    ("Africa/Cairo", 2023),
    ("America/St_Johns", 1999),
    ("Pacific/Apia", 2011),
    ("Pacific/Kwajalein", 1969),
    ("Africa/Casablanca", 2013),
    ("America/Toronto", 1919),
)
"""Clocks skip midnight, go back across it, leave a day out, have one twice, change for a month, and at half past."""


def weighings(choice: random.Random, zone: ZoneInfo, year: int, years: int) -> Iterator[Weighing]:
    """Some a week, and more around midnights whose offset is another the day after."""
    day, end = date(year, 1, 1), date(year + years, 1, 1)
    while day < end:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        changes = noon.astimezone(zone).utcoffset() != (noon + timedelta(days=1)).astimezone(zone).utcoffset()
        for _ in range(12 if changes else choice.choice((0, 0, 1))):
            unit = choice.choice(("kg", "lbs"))
            grams = choice.randrange(70_000, 90_000) * (2 if unit == "lbs" else 1)
            second = choice.randrange(36 * 3600 if changes else 24 * 3600)
            yield Weighing(noon + timedelta(seconds=second), Fraction(grams, 1000), unit)
        day += timedelta(days=1)


class Person:
    """Somebody with these weighings, and what the API says of them."""

    def __init__(self, actions: Actions, zone: str, year: int, years: int) -> None:
        self._actions, self._zone, self._name = actions, ZoneInfo(zone), zone
        self.weighings = list(weighings(random.Random(zone), self._zone, year, years))
        token = actions.app().connect(actions.person())
        self._token = token.access
        subject = actions.introspect(self._token)["sub"]
        with actions.stack.fit_app.extensions["fit_service"].body_weights.changing(subject) as changes:
            changes.insert([_entry(each) for each in self.weighings])

    def compare_with(self, zones: Iterable[str], years: range) -> None:
        """The API's summaries in this zone with those in others."""
        period = {"start": f"{years[0]}-01-01", "end": f"{years.stop}-01-01"}
        queries = [{**period, "bucket": bucket} for bucket in ("week", "month")]
        queries.append({"bucket": "day", "start": f"{years.stop - 2}-01-01", "end": period["end"]})
        expected = [self.summary(**query) for query in queries]
        for zone in zones:
            assert [self.summary(**query, tz=zone) for query in queries] == expected, zone

    def summary(self, **query: str) -> list[dict[str, Any]]:
        answer = self._ask(query)
        while answer.status_code == 503:  # of thousands of requests on a busy machine, some are told to try again
            time.sleep(int(answer.headers["Retry-After"]))
            answer = self._ask(query)
        assert answer.status_code == 200, answer.text
        buckets: list[dict[str, Any]] = answer.json()["buckets"]
        return buckets

    def _ask(self, query: Mapping[str, str]) -> requests.Response:
        return self._actions.fit("GET", "/api/body_weight/summary", self._token, params={"tz": self._name, **query})

    def compare(self, bucket: str, years: range, at_once: int = 1) -> None:
        """The API's summaries of these years, so many in one answer, with the slow one."""
        expected = slow_summary(self.weighings, self._zone, bucket, "kg")
        starts = {slow_start(first, self._zone): values for first, values in expected.items()}
        for year in years[::at_once]:
            asked = range(year, year + at_once)
            shown = self.summary(bucket=bucket, unit="kg", start=f"{year}-01-01", end=f"{asked.stop}-01-01")
            for each in shown:
                values = starts[datetime.fromisoformat(each["start"])]
                assert {name: each[name] for name in values} == values, (self._name, bucket, each)
            inside = {slow_start(first, self._zone) for first in expected if first.year in asked}
            assert inside <= {datetime.fromisoformat(each["start"]) for each in shown}, (self._name, bucket, year)

    def compare_moments(self) -> None:
        """Of the time between two weighings that are hours apart, the days of both are shown."""
        ordered = sorted(self.weighings, key=lambda weighing: weighing.at)
        for first, last in pairwise(ordered):
            if last.at - first.at < timedelta(hours=3):
                end = (last.at + timedelta(seconds=1)).isoformat()
                shown = self.summary(start=first.at.isoformat(), end=end)
                days = {slow_start(each.at.astimezone(self._zone).date(), self._zone) for each in (first, last)}
                assert days <= {datetime.fromisoformat(each["start"]) for each in shown}, (self._name, first, last)


def _entry(weighing: Weighing) -> NewEntry:
    thousandths = int(weighing.amount * 1000)
    return NewEntry(Weight(Decimal(thousandths).scaleb(-3), weighing.unit), weighing.at)


@pytest.mark.parametrize(("zone", "year"), ODD_YEARS)
def test_where_clocks_do_odd_things_each_weighing_is_on_its_day(actions: Actions, zone: str, year: int) -> None:
    person = Person(actions, zone, year, 1)
    for bucket in BUCKETS:
        person.compare(bucket, range(year, year + 1))
    person.compare_moments()


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_summaries_of_a_decade_in_all_zones(actions: Actions, part: int) -> None:
    """Each zone's with slow ones, or with those of a zone whose clocks are always the same."""
    zones = alike(DECADE)[part::PARTS]
    for first, *others in zones:
        person = Person(actions, first, DECADE[0], len(DECADE))
        for bucket, at_once in YEARS_AT_ONCE.items():
            person.compare(bucket, DECADE, at_once)
        person.compare_with(others, DECADE)
    print(f"{sum(map(len, zones))} zones, {len(zones)} of which differ, {len(DECADE)} years each")


@cache
def alike(years: range) -> list[list[str]]:
    """All zones in groups, in each of which clocks change at the same seconds by the same, and a year around it too."""
    begin, days = datetime(years[0] - 1, 1, 1, tzinfo=UTC), 366 * (len(years) + 2)
    groups: dict[tuple[object, ...], list[str]] = {}
    for name in sorted(available_timezones() - NO_ZONES):
        zone, changes = ZoneInfo(name), list[object]()
        for day in (begin + timedelta(days=number) for number in range(days)):
            before, after = day.astimezone(zone).utcoffset(), (day + timedelta(days=1)).astimezone(zone).utcoffset()
            if before != after:
                second = bisect(range(86_401), False, key=lambda second: _offset(day, second, zone) == after)
                changes += (day + timedelta(seconds=second), before, after)
        groups.setdefault((begin.astimezone(zone).utcoffset(), *changes), []).append(name)
    return list(groups.values())


def _offset(day: datetime, second: int, zone: ZoneInfo) -> timedelta | None:
    return (day + timedelta(seconds=second)).astimezone(zone).utcoffset()
