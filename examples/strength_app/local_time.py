"""Times are shown and typed as the clock shows them where the person is."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from flask import request

COOKIE = "zone"
"""The person's browser says in this cookie where they are; none: it has not said it yet."""


class NoSuchTimeError(ValueError):
    """Clocks never showed this: they were put forward."""


@cache
def zone_names() -> tuple[str, ...]:
    """All IANA names of zones."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return (*sorted(places), "UTC")


class Zone:
    """A time zone."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._zone = ZoneInfo(name)

    def today(self) -> date:
        """The day that it is there."""
        return datetime.now(self._zone).date()

    def local(self, instant: str) -> datetime:
        """What the clock showed at an instant that the Fit API named."""
        return datetime.fromisoformat(instant).astimezone(self._zone)

    def instant(self, typed: str) -> datetime:
        """The instant of a local time as browsers send it, the earlier one if there are two.

        Raises ValueError, and NoSuchTimeError if clocks never showed it.
        """
        shown = datetime.fromisoformat(typed)
        if shown.tzinfo is not None:
            raise ValueError("a local time has no offset")
        instant = shown.replace(tzinfo=self._zone)
        if instant.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != shown:
            raise NoSuchTimeError
        return instant


def person_zone() -> Zone:
    """The zone that the person's browser named, or UTC."""
    name = request.cookies.get(COOKIE, "")
    return Zone(name if name in zone_names() else "UTC")


def knows_zone() -> bool:
    """Whether the browser named one."""
    return request.cookies.get(COOKIE) in zone_names()


def typed(moment: datetime) -> str:
    """A local time as the field of a form has it."""
    return moment.strftime("%Y-%m-%dT%H:%M")


def days_before(day: date, count: int) -> date:
    """So many days before."""
    return day - timedelta(days=count)
