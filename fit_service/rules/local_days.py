"""A person lives days in an IANA time zone: this says how instants fall into them."""

import functools
from bisect import bisect
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from fit_service.rules.refusals import InvalidValueError

_A_DAY, _A_MINUTE, _A_SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
_A_MOMENT = timedelta(microseconds=1)
_NO_ZONES = {"Factory", "localtime"}
"""A machine has these names beside those of zones: its own zone, which apps can't know, and that none was set."""


@dataclass(frozen=True, slots=True)
class Offset:
    """From `since` on, local time is this much ahead of UTC."""

    since: datetime
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class LocalDays:
    """It is the days from `first` to `last`, both included, in one time zone."""

    zone: ZoneInfo
    first: date
    last: date

    @property
    def start(self) -> datetime:
        """The first day begins then, in UTC: the difference of two local times is not the time between them."""
        return start_of(self.first, self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The last day is over then, in UTC."""
        return start_of(self.last + _A_DAY, self.zone).astimezone(UTC)

    def offsets(self) -> list[Offset]:
        """Return how far local time is ahead of UTC, from before the first day until after the last."""
        begin, end = self.start - _A_DAY, self.end + _A_DAY
        return [Offset(begin, _ahead(self.zone, begin)), *_changes_between(self.zone, begin, end)]


def parse_zone(value: str, field: str) -> ZoneInfo:
    """Read a time zone by its IANA name. Raises InvalidValueError."""
    if value not in _known_zones():
        raise InvalidValueError(field, f"{field} must be an IANA time zone, as in Europe/Berlin.")
    return ZoneInfo(value)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return on which day it happens there."""
    return instant.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins, as a local time: where clocks skip midnight, when they are put forward."""
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    if midnight.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, time()):
        return midnight.astimezone(zone)
    [*_, change] = _changes_between(zone, midnight - 2 * _A_DAY, midnight + _A_MOMENT)
    return change.since.astimezone(zone)


def first_and_last_day(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """Return the first and the last day of all moments from `start` on and before `end`.

    Where clocks are put back across midnight, a day comes back after the next one has begun: the last moment need not
    lie on the last day, nor the first one on the first.
    """
    put_back = _changes_between(zone, start, min(end, start + 2 * _A_DAY))
    before = _changes_between(zone, max(start, end - 2 * _A_DAY), end)
    firsts = [start, *(change.since for change in put_back)]
    lasts = [end - _A_MOMENT, *(change.since - _A_MOMENT for change in before)]
    return min(local_day(each, zone) for each in firsts), max(local_day(each, zone) for each in lasts)


def shown_instant(instant: datetime) -> str:
    """Write a local time as RFC 3339 does; in UTC if the offset has seconds, as it had long ago: RFC 3339 has none."""
    offset = instant.utcoffset()
    return (instant.astimezone(UTC) if offset and offset % _A_MINUTE else instant).isoformat()


def _changes_between(zone: ZoneInfo, begin: datetime, end: datetime) -> list[Offset]:
    """Return each change of the clocks after `begin` and before `end`."""
    years = range(begin.astimezone(UTC).year, end.astimezone(UTC).year + 1)
    return [each for year in years for each in _changes(zone, year) if begin < each.since < end]


@functools.cache
def _known_zones() -> set[str]:
    return available_timezones() - _NO_ZONES


@functools.lru_cache(4096)
def _changes(zone: ZoneInfo, year: int) -> tuple[Offset, ...]:
    """Return each change of the clocks in a (UTC) year. They are never two on one day."""
    found, day = [], datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        ahead = _ahead(zone, day + _A_DAY)
        if ahead != _ahead(zone, day):
            second = bisect(range(86_400), False, key=lambda second: _ahead(zone, day + second * _A_SECOND) == ahead)
            found.append(Offset(day + second * _A_SECOND, ahead))
        day += _A_DAY
    return tuple(found)


def _ahead(zone: ZoneInfo, instant: datetime) -> timedelta:
    ahead = instant.astimezone(zone).utcoffset()
    assert ahead is not None
    return ahead
