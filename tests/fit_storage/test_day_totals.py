"""The database adds up by local day what Python would, on both databases, wherever the clocks change."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from fit_service.rules.body_weight_entry import NewEntry
from fit_service.rules.local_days import LocalDays, local_day
from fit_service.rules.summary import DayTotal
from fit_service.rules.weight import Weight
from fit_service.storage.body_weights import BodyWeightStore
from tests.fit_storage.entries import insert


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Africa/Monrovia"])
def test_totals_are_those_of_each_local_day(store: BodyWeightStore, name: str) -> None:
    choice, zone = random.Random(name), ZoneInfo(name)
    days = LocalDays(zone, date(1969, 11, 1), date(1972, 2, 29))
    spread = int((days.end - days.start).total_seconds()) * 1_000_000
    entries = [
        NewEntry(
            Weight(Decimal(choice.randrange(40_000, 200_000)).scaleb(-3), choice.choice(["kg", "lbs"])),
            days.start.astimezone(UTC) + timedelta(microseconds=choice.randrange(-spread // 20, spread + spread // 20)),
        )
        for _ in range(400)
    ]
    insert(store, *entries)
    insert(store, *entries, subject="ada")
    masses = defaultdict(list)
    for entry in entries:
        masses[local_day(entry.created_at, zone)].append(entry.weight.mass)
    expected = [
        DayTotal(day, len(masses[day]), sum(masses[day]), min(masses[day]), max(masses[day]))
        for day in sorted(masses)
        if days.first <= day <= days.last
    ]
    assert 0 < len(expected) < len(masses)
    with store.reading("mo") as found:
        assert found.day_totals(days) == expected


def test_entries_before_1970_and_a_microsecond_apart_are_told_apart(store: BodyWeightStore) -> None:
    midnight = datetime(1950, 6, 1, tzinfo=UTC)
    kilograms = Weight(Decimal("0.001") + 80, "kg")
    insert(store, NewEntry(kilograms, midnight - timedelta(microseconds=1)), NewEntry(kilograms, midnight))
    with store.reading("mo") as found:
        totals = found.day_totals(LocalDays(ZoneInfo("UTC"), date(1950, 5, 1), date(1950, 7, 1)))
    assert [(total.day, total.count) for total in totals] == [(date(1950, 5, 31), 1), (date(1950, 6, 1), 1)]
