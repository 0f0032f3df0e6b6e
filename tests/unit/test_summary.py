"""What a summary says: exact means, a trend that is the same wherever the summary begins, changes that add up."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fit_service.rules import summary, trend
from fit_service.rules.summary import BucketSummary, DayTotal, bucket_index, first_day
from fit_service.rules.trend import HACKERS_DIET, TIME, TREND_DAYS
from fit_service.rules.weight import MASS_OF_A_THOUSANDTH, Weight

FIRST = date(2026, 1, 1)


def total(day: int, *weights: str, unit: str = "kg") -> DayTotal:
    masses = [Weight(Decimal(weight), unit).mass for weight in weights]
    return DayTotal(FIRST + timedelta(days=day), len(masses), sum(masses), min(masses), max(masses))


def summarize(days: list[DayTotal], bucket: str, unit: str = "kg", smoothing: str = TIME) -> list[BucketSummary]:
    return summary.summarize(days, bucket, unit, smoothing)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert first_day("week", bucket_index("week", date(2026, 1, 1))) == date(2025, 12, 29)
    assert first_day("month", bucket_index("month", date(2024, 2, 29))) == date(2024, 2, 1)
    assert first_day("day", bucket_index("day", date(2024, 2, 29))) == date(2024, 2, 29)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 1)), st.sampled_from(["day", "week", "month"]))
def test_each_day_is_in_its_bucket_and_in_no_other(day: date, bucket: str) -> None:
    index = bucket_index(bucket, day)
    assert first_day(bucket, index) <= day < first_day(bucket, index + 1)


def test_a_bucket_counts_all_its_entries_alike() -> None:
    [week] = summarize([total(0, "80", "81"), total(1, "84")], "week")
    assert (week.count, week.lightest, week.heaviest, week.mean) == (3, 80, 84, Decimal("81.667"))


def test_the_change_is_the_difference_of_the_means_as_shown() -> None:
    days = [total(0, "80", "80", "81"), total(1, "80"), total(5, "82.005")]
    summaries = summarize(days, "day")
    assert [each.mean for each in summaries] == [Decimal("80.333"), Decimal(80), Decimal("82.005")]
    assert [each.change for each in summaries] == [None, Decimal("-0.333"), Decimal("2.005")]


def test_in_the_trend_a_day_counts_nine_tenths_of_the_next() -> None:
    trends = [each.trend for each in summarize([total(0, "80"), total(1, "90", "92"), total(3, "70")], "day")]
    second = (Fraction("0.9") * 80 + 91) / (Fraction("0.9") + 1)
    weights = [Fraction("0.729"), Fraction("0.81"), Fraction("0.9"), Fraction(1)]
    every_day = [Fraction(80), Fraction(91), Fraction(161, 2), Fraction(70)]
    third = sum(weight * mean for weight, mean in zip(weights, every_day, strict=True)) / sum(weights)
    assert trends == [Decimal(80), _rounded(second), _rounded(third)]


def test_the_newest_value_of_somebody_who_weighs_weekly_counts_a_third_and_not_half() -> None:
    days = [*(total(7 * week, "80") for week in range(20)), total(140, "90")]
    assert [each.trend for each in summarize(days, "day")][-1] == Decimal("83.298")


def test_a_gap_of_months_is_not_bridged() -> None:
    days = [total(0, "90"), total(TREND_DAYS, "80")]
    assert [each.trend for each in summarize(days, "day")] == [90, 80]


def test_by_choice_each_day_with_a_weighing_moves_the_trend_by_a_tenth() -> None:
    days = [total(0, "80"), total(1, "90"), total(200, "90", "92")]
    trends = [each.trend for each in summarize(days, "day", smoothing=HACKERS_DIET)]
    assert trends == [80, 81, 82]


def _rounded(number: Fraction) -> Decimal:
    return Decimal(round(number * 1000)).scaleb(-3)


@pytest.mark.parametrize("begin", [0, 100, 200])
def test_the_trend_does_not_depend_on_where_the_summary_begins(begin: int) -> None:
    days = [total(day, str(70 + day * 7 % 11)) for day in range(0, 600, 17)]
    whole = {each.index: each.trend for each in summarize(days, "day")}
    needed = FIRST + timedelta(days=begin)
    part = summarize([each for each in days if each.day >= needed], "day")
    compared = [each for each in part if _needed(first_day("day", each.index)) >= needed]
    assert len(compared) > 15
    assert {each.index: each.trend for each in compared} == {each.index: whole[each.index] for each in compared}


def _needed(day: date) -> date:
    needed = trend.first_needed_day(TIME, day)
    assert needed is not None
    return needed


def test_what_was_entered_in_a_unit_is_shown_in_it_to_the_last_digit() -> None:
    [pounds] = summarize([total(0, "181.125", unit="lbs")], "day", "lbs")
    assert (pounds.lightest, pounds.heaviest, pounds.mean) == (
        Decimal("181.125"),
        Decimal("181.125"),
        Decimal("181.125"),
    )
    [kilograms] = summarize([total(0, "181.125", unit="lbs")], "day")
    assert (kilograms.lightest, kilograms.mean) == (Decimal("82.157"), Decimal("82.157"))


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(0, 120), st.lists(st.integers(40_000, 200_000), min_size=1, max_size=3), min_size=1),
    st.sampled_from(["kg", "lbs"]),
    st.sampled_from(["day", "week", "month"]),
)
def test_means_are_the_exact_ones_rounded_once(entries: dict[int, list[int]], unit: str, bucket: str) -> None:
    days = [total(day, *(str(Decimal(grams).scaleb(-3)) for grams in entries[day])) for day in sorted(entries)]
    summaries: list[BucketSummary] = summarize(days, bucket, unit)
    per_kg = Fraction(MASS_OF_A_THOUSANDTH["kg"], MASS_OF_A_THOUSANDTH[unit])
    for each in summaries:
        weights = [
            Fraction(grams, 1000) * per_kg
            for day, all_grams in entries.items()
            for grams in all_grams
            if bucket_index(bucket, FIRST + timedelta(days=day)) == each.index
        ]
        assert each.count == len(weights)
        assert each.mean == _rounded(sum(weights) / len(weights))
        assert each.lightest <= each.mean <= each.heaviest
