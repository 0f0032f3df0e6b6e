"""The sample weights: repeatable, plausible, and such that a chart has something to show."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from fit_service.cli.sample_weights import DAYS, sample_weights

TODAY = date(2026, 11, 24)


def test_they_are_the_same_for_the_same_person_and_differ_from_anothers() -> None:
    mine = list(sample_weights("acct_of-mo", TODAY))
    assert mine == list(sample_weights("acct_of-mo", TODAY))
    assert mine != list(sample_weights("acct_of-ada", TODAY))


@pytest.mark.parametrize("number", range(20))
def test_they_are_plausible(number: int) -> None:
    entries = list(sample_weights(f"acct_{number}", TODAY))
    days = [entry.created_at.date() for entry in entries]
    assert days == sorted(set(days))
    assert TODAY - timedelta(days=DAYS) <= days[0]
    assert days[-1] < TODAY
    assert 550 <= len(entries) <= 700
    assert all(
        6 <= entry.created_at.hour < 8 and entry.created_at < datetime(2026, 11, 24, tzinfo=UTC) for entry in entries
    )
    assert max(after - before for before, after in itertools.pairwise(days)) >= timedelta(days=11)
    kilograms = [entry.weight.converted("kg").amount for entry in entries]
    assert all(60 < each < 100 for each in kilograms)
    assert all(abs(after - before) < 4 for before, after in itertools.pairwise(kilograms))
    assert max(kilograms) - min(kilograms) > 3


def test_they_are_in_both_units_as_a_scale_shows_them() -> None:
    entries = list(sample_weights("acct_of-mo", TODAY))
    assert {entry.weight.unit for entry in entries} == {"kg", "lbs"}
    step = {"kg": Decimal("0.1"), "lbs": Decimal("0.2")}
    assert all(entry.weight.amount % step[entry.weight.unit] == 0 for entry in entries)
