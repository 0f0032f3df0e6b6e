"""How instants fall into the days of a time zone, also where clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fit_service.rules.local_days import LocalDays, Offset, first_and_last_day, local_day, parse_zone, start_of
from fit_service.rules.refusals import InvalidValueError

BERLIN, SAMOA = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")
HOUR = timedelta(hours=1)


def test_a_day_begins_at_local_midnight() -> None:
    assert start_of(date(2026, 7, 1), BERLIN).isoformat() == "2026-07-01T00:00:00+02:00"
    assert local_day(datetime(2026, 6, 30, 22, tzinfo=UTC), BERLIN) == date(2026, 7, 1)


def test_where_clocks_skip_midnight_the_day_begins_when_they_are_put_forward() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    assert start_of(date(2025, 3, 30), beirut).isoformat() == "2025-03-30T01:00:00+03:00"


SKIPPED_MIDNIGHTS = {
    "Africa/Cairo": date(2023, 4, 28),
    "America/Havana": date(2026, 3, 8),
    "America/Santiago": date(2024, 9, 8),
    "Asia/Beirut": date(2025, 3, 30),
    "Atlantic/Azores": date(1982, 3, 28),
    "America/Asuncion": date(2023, 10, 1),
    "America/Sao_Paulo": date(2018, 11, 4),
    "America/Toronto": date(1919, 3, 31),
}
"""In Toronto clocks went from 23:30 to 0:30."""


@pytest.mark.parametrize("name", SKIPPED_MIDNIGHTS)
@pytest.mark.parametrize("later", [-1, 0, 1, 2])
def test_around_a_skipped_midnight_each_minute_has_the_offset_of_the_zone(name: str, later: int) -> None:
    zone, skipped = ZoneInfo(name), SKIPPED_MIDNIGHTS[name]
    first = skipped + timedelta(days=later)
    days = LocalDays(zone, first, first + timedelta(days=1))
    offsets, instant = days.offsets(), days.start - timedelta(days=1)
    while instant < days.end + timedelta(days=1):
        ahead = [offset.ahead for offset in offsets if offset.since <= instant][-1]
        assert ahead == instant.astimezone(zone).utcoffset(), instant
        instant += timedelta(minutes=10)
    begin = start_of(first, zone).astimezone(UTC)
    assert [local_day(begin + moment, zone) < first for moment in (-timedelta(microseconds=1), timedelta(0))] == [
        True,
        False,
    ]


def test_a_day_that_comes_back_after_the_next_one_had_begun_is_among_the_days_of_a_period() -> None:
    """In St. John's, at a minute past midnight, clocks were put back to a minute past eleven."""
    st_johns, back = ZoneInfo("America/St_Johns"), datetime(2006, 10, 29, 2, 31, tzinfo=UTC)
    assert [local_day(back - moment, st_johns).day for moment in (timedelta(microseconds=1), timedelta(0))] == [29, 28]
    minute = timedelta(minutes=1)
    assert first_and_last_day(back - minute, back + minute, st_johns) == (date(2006, 10, 28), date(2006, 10, 29))
    assert first_and_last_day(back, back + minute, st_johns) == (date(2006, 10, 28), date(2006, 10, 28))
    assert first_and_last_day(back - 3 * HOUR, back, st_johns) == (date(2006, 10, 28), date(2006, 10, 29))


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
    with pytest.raises(InvalidValueError):
        parse_zone(name, "tz")
