"""How instants fall into the days of a time zone, also where clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fit_service.errors import ProblemError
from fit_service.local_days import LocalDays, Offset, local_day, parse_zone, start_of

BERLIN, SAMOA = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")
HOUR = timedelta(hours=1)


def test_a_day_begins_at_local_midnight() -> None:
    assert start_of(date(2026, 7, 1), BERLIN).isoformat() == "2026-07-01T00:00:00+02:00"
    assert local_day(datetime(2026, 6, 30, 22, tzinfo=UTC), BERLIN) == date(2026, 7, 1)


def test_where_clocks_skip_midnight_the_day_begins_when_they_are_put_forward() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    assert start_of(date(2025, 3, 30), beirut).isoformat() == "2025-03-30T01:00:00+03:00"


def test_the_offsets_of_a_period_change_to_the_second_with_the_clocks() -> None:
    days = LocalDays(BERLIN, date(2026, 3, 1), date(2026, 11, 30))
    assert days.offsets() == [
        Offset(datetime(2026, 2, 27, 23, tzinfo=UTC), HOUR),
        Offset(datetime(2026, 3, 29, 1, tzinfo=UTC), 2 * HOUR),
        Offset(datetime(2026, 10, 25, 1, tzinfo=UTC), HOUR),
    ]


def test_a_day_that_a_country_left_out_is_no_obstacle() -> None:
    days = LocalDays(SAMOA, date(2011, 12, 29), date(2011, 12, 31))
    assert [offset.ahead // HOUR for offset in days.offsets()] == [-10, 14]
    assert start_of(date(2011, 12, 30), SAMOA) == start_of(date(2011, 12, 31), SAMOA)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Casablanca", "UTC"])
def test_the_offsets_agree_with_the_zone_at_every_hour_of_the_years(zone: str) -> None:
    days = LocalDays(ZoneInfo(zone), date(1986, 1, 1), date(1987, 12, 31))
    offsets = days.offsets()
    instant = days.start.astimezone(UTC)
    while instant < days.end:
        ahead = [offset.ahead for offset in offsets if offset.since <= instant][-1]
        assert ahead == instant.astimezone(days.zone).utcoffset(), instant
        instant += HOUR


@pytest.mark.parametrize("name", ["", "Berlin", "europe/berlin", "../UTC", "/etc/passwd", "Europe", "UTC+1", "\0"])
def test_only_names_of_the_iana_database_are_zones(name: str) -> None:
    with pytest.raises(ProblemError):
        parse_zone(name, "tz")
