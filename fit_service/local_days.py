"""Days as a person lives them: an IANA time zone, and how instants fall into its days. Knows no HTTP and no store."""

import functools
from bisect import bisect
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from fit_service.errors import ProblemError

_A_DAY, _A_SECOND = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Offset:
    """From `since` on, local time is this much ahead of UTC."""

    since: datetime
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class LocalDays:
    """The days from `first` to `last`, both included, in one time zone."""

    zone: ZoneInfo
    first: date
    last: date

    @property
    def start(self) -> datetime:
        """When the first day begins. Where clocks skip midnight, that is when they are put forward."""
        return start_of(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """When the last day is over."""
        return start_of(self.last + _A_DAY, self.zone)

    def offsets(self) -> list[Offset]:
        """How far local time is ahead of UTC, from before the first day until after the last."""
        begin, end = self.start - _A_DAY, self.end + _A_DAY
        changes = [each for year in range(begin.year, end.year + 1) for each in _changes(self.zone, year)]
        return [Offset(begin, _ahead(self.zone, begin)), *(each for each in changes if begin < each.since < end)]


def parse_zone(value: str, field: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises ProblemError."""
    if value not in _known_zones():
        raise ProblemError(422, f"{field} must be an IANA time zone, as in Europe/Berlin.", field=field)
    return ZoneInfo(value)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """On which day it happens there."""
    return instant.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins, as a local time."""
    return datetime.combine(day, time(), zone).astimezone(UTC).astimezone(zone)


@functools.cache
def _known_zones() -> set[str]:
    return available_timezones()


@functools.lru_cache(4096)
def _changes(zone: ZoneInfo, year: int) -> tuple[Offset, ...]:
    """Each change of the clocks in a (UTC) year. They are never two on one day."""
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
