"""What a summary says: exact means, a trend that is the same wherever the summary begins, changes that add up."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fit_service.summary import TREND_DAYS, BucketSummary, DayTotal, bucket_index, first_day, summarize
from fit_service.weight import MASS_OF_A_THOUSANDTH, Weight

FIRST = date(2026, 1, 1)


def total(day: int, *weights: str, unit: str = "kg") -> DayTotal:
    masses = [Weight(Decimal(weight), unit).mass for weight in weights]
    return DayTotal(FIRST + timedelta(days=day), len(masses), sum(masses), min(masses), max(masses))


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert first_day("week", bucket_index("week", date(2026, 1, 1))) == date(2025, 12, 29)
    assert first_day("month", bucket_index("month", date(2024, 2, 29))) == date(2024, 2, 1)
    assert first_day("day", bucket_index("day", date(2024, 2, 29))) == date(2024, 2, 29)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 1)), st.sampled_from(["day", "week", "month"]))
def test_each_day_is_in_its_bucket_and_in_no_other(day: date, bucket: str) -> None:
    index = bucket_index(bucket, day)
    assert first_day(bucket, index) <= day < first_day(bucket, index + 1)


def test_a_bucket_counts_all_its_entries_alike() -> None:
    [week] = summarize([total(0, "80", "81"), total(1, "84")], "week", "kg")
    assert (week.count, week.lightest, week.heaviest, week.mean) == (3, 80, 84, Decimal("81.67"))


def test_the_change_is_the_difference_of_the_means_as_shown() -> None:
    days = [total(0, "80", "80", "81"), total(1, "80"), total(5, "82.005")]
    summaries = summarize(days, "day", "kg")
    assert [each.mean for each in summaries] == [Decimal("80.33"), Decimal("80.00"), Decimal("82.00")]
    assert [each.change for each in summaries] == [None, Decimal("-0.33"), Decimal("2.00")]


def test_in_the_trend_a_day_counts_nine_tenths_of_the_next() -> None:
    trends = [each.trend for each in summarize([total(0, "80"), total(1, "90", "92"), total(3, "70")], "day", "kg")]
    second = (Fraction("0.9") * 80 + 91) / (Fraction("0.9") + 1)
    third = (Fraction("0.729") * 80 + Fraction("0.81") * 91 + 70) / (Fraction("0.729") + Fraction("0.81") + 1)
    assert trends == [Decimal("80.00"), _rounded(second), _rounded(third)]


def _rounded(number: Fraction) -> Decimal:
    return Decimal(round(number * 100)).scaleb(-2)


@pytest.mark.parametrize("begin", [0, 100, 200])
def test_the_trend_does_not_depend_on_where_the_summary_begins(begin: int) -> None:
    days = [total(day, str(70 + day * 7 % 11)) for day in range(0, 400, 3)]
    whole = {each.index: each.trend for each in summarize(days, "day", "kg")}
    since = FIRST + timedelta(days=begin + TREND_DAYS)
    part = summarize([each for each in days if each.day >= FIRST + timedelta(days=begin)], "day", "kg")
    compared = [each for each in part if first_day("day", each.index) >= since]
    assert len(compared) > 30
    assert {each.index: each.trend for each in compared} == {each.index: whole[each.index] for each in compared}


def test_what_was_entered_in_a_unit_is_shown_in_it_to_the_last_digit() -> None:
    [pounds] = summarize([total(0, "181.125", unit="lbs")], "day", "lbs")
    assert (pounds.lightest, pounds.heaviest, pounds.mean) == (
        Decimal("181.125"),
        Decimal("181.125"),
        Decimal("181.12"),
    )
    [kilograms] = summarize([total(0, "181.125", unit="lbs")], "day", "kg")
    assert (kilograms.lightest, kilograms.mean) == (Decimal("82.16"), Decimal("82.16"))


@given(
    st.dictionaries(st.integers(0, 120), st.lists(st.integers(40_000, 200_000), min_size=1, max_size=3), min_size=1),
    st.sampled_from(["kg", "lbs"]),
    st.sampled_from(["day", "week", "month"]),
)
def test_means_are_the_exact_ones_rounded_once(entries: dict[int, list[int]], unit: str, bucket: str) -> None:
    days = [total(day, *(str(Decimal(grams).scaleb(-3)) for grams in entries[day])) for day in sorted(entries)]
    summaries: list[BucketSummary] = summarize(days, bucket, unit)
    per_kg = Fraction(MASS_OF_A_THOUSANDTH["kg"], MASS_OF_A_THOUSANDTH[unit])
    for summary in summaries:
        weights = [
            Fraction(grams, 1000) * per_kg
            for day, all_grams in entries.items()
            for grams in all_grams
            if bucket_index(bucket, FIRST + timedelta(days=day)) == summary.index
        ]
        assert summary.count == len(weights)
        assert summary.mean == _rounded(sum(weights) / len(weights))
        assert summary.lightest - Decimal("0.005") <= summary.mean <= summary.heaviest + Decimal("0.005")
