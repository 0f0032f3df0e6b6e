"""The summary: what a chart page asks for, in the days, weeks and months of the person's time zone."""

from typing import Any

import pytest

from tests.support.actions import WRITE, Actions

SUMMARY = "/api/body_weight/summary"


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


def insert(actions: Actions, token: str, *entries: tuple[str, str], unit: str = "kg") -> None:
    body = [{"body_weight": amount, "unit": unit, "created_at": instant} for instant, amount in entries]
    answer = actions.fit("POST", "/api/body_weight/batch", token, json={"entries": body, "all_or_nothing": True})
    assert answer.status_code == 200, answer.text


def summary(actions: Actions, token: str, query: str) -> dict[str, Any]:
    answer = actions.fit("GET", f"{SUMMARY}?{query}", token)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_week_of_the_persons_time_zone_is_summed_up(actions: Actions, token: str) -> None:
    insert(
        actions,
        token,
        ("2026-03-22T22:59:59Z", "90"),  # a Sunday in Berlin, a second before Monday
        ("2026-03-22T23:00:00Z", "80"),
        ("2026-03-25T06:00:00Z", "81.5"),
        ("2026-03-29T21:59:59Z", "83"),  # the last second of the Sunday on which summer time begins
        ("2026-03-29T22:00:00Z", "70"),
    )
    assert summary(
        actions, token, "bucket=week&tz=Europe/Berlin&start=2026-03-25T00:00:00Z&end=2026-03-26T00:00:00Z"
    ) == {
        "bucket": "week",
        "tz": "Europe/Berlin",
        "unit": "kg",
        "smoothing": "time",
        "buckets": [
            {
                "start": "2026-03-23T00:00:00+01:00",
                "end": "2026-03-30T00:00:00+02:00",
                "count": 3,
                "min": "80",
                "max": "83",
                "mean": "81.5",
                "trend": "82.592",
                "change": "-8.5",
            }
        ],
    }


def test_days_without_entries_are_left_out_and_the_first_change_is_unknown(actions: Actions, token: str) -> None:
    insert(actions, token, ("2026-03-01T06:00:00Z", "80"), ("2026-03-04T06:00:00Z", "79"))
    buckets = summary(actions, token, "bucket=day")["buckets"]
    assert [(bucket["start"], bucket["change"]) for bucket in buckets] == [
        ("2026-03-01T00:00:00+00:00", None),
        ("2026-03-04T00:00:00+00:00", "-1"),
    ]


def test_the_unit_is_the_one_asked_for_or_else_that_of_the_latest_entry(actions: Actions, token: str) -> None:
    insert(actions, token, ("2026-03-01T06:00:00Z", "80"))
    insert(actions, token, ("2026-03-02T06:00:00Z", "200"), unit="lbs")
    assert [each["mean"] for each in summary(actions, token, "")["buckets"]] == ["176.37", "200"]
    in_kg = summary(actions, token, "unit=kg&bucket=month")
    assert (in_kg["unit"], in_kg["buckets"][0]["mean"]) == ("kg", "85.359")


def test_without_a_start_it_reaches_back_366_buckets(actions: Actions, token: str) -> None:
    insert(
        actions, token, ("2024-12-31T06:00:00Z", "80"), ("2025-01-01T06:00:00Z", "81"), ("2026-01-01T06:00:00Z", "82")
    )
    buckets = summary(actions, token, "")["buckets"]
    assert [(each["mean"], each["change"]) for each in buckets] == [("81", "1"), ("82", "1")]
    assert len(summary(actions, token, "end=2025-12-01T00:00:00Z")["buckets"]) == 2
    assert len(summary(actions, token, "start=1990-01-01T00:00:00Z")["buckets"]) == 3


def test_more_buckets_than_a_chart_can_show_are_refused(actions: Actions, token: str) -> None:
    insert(actions, token, ("2020-01-01T06:00:00Z", "80"), ("2026-01-01T06:00:00Z", "82"))
    refused = actions.fit("GET", f"{SUMMARY}?start=2020-01-01T00:00:00Z", token)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "start")
    assert len(summary(actions, token, "start=2020-01-01T00:00:00Z&bucket=month")["buckets"]) == 2


@pytest.mark.parametrize(
    "query",
    ["start=2026-01-20", "start=2026-01-20&end=2026-02-03", "end=2026-01-06", "start=2025-12-31&end=2026-01-02"],
)
def test_a_bucket_is_whole_also_if_all_its_entries_lie_outside_of_the_period(
    actions: Actions, token: str, query: str
) -> None:
    insert(actions, token, ("2026-01-10T06:30:00Z", "80"), ("2026-01-12T06:30:00Z", "81"))
    assert [bucket["count"] for bucket in summary(actions, token, f"bucket=month&{query}")["buckets"]] == [2]


@pytest.mark.parametrize(
    "query",
    [
        "end=0001-01-01T00:00:00Z",
        "start=9999-12-31T23:59:59Z",
        "start=2026-02-01T00:00:00Z&end=2026-02-01T00:00:00Z",
    ],
)
def test_a_period_without_entries_is_an_empty_summary(actions: Actions, token: str, query: str) -> None:
    assert summary(actions, token, query)["buckets"] == []
    insert(actions, token, ("2026-01-15T06:00:00Z", "80"))
    assert summary(actions, token, query)["buckets"] == []
    for bucket in ("day", "week", "month"):
        everything = f"bucket={bucket}&start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:59Z&tz=Asia/Tokyo"
        assert len(summary(actions, token, everything)["buckets"]) == 1


def test_no_entry_is_lost_on_a_day_that_happens_twice(actions: Actions, token: str) -> None:
    """In St. John's, at a minute past midnight, clocks were put back to a minute past eleven of the day before."""
    insert(actions, token, ("2006-10-29T02:30:30Z", "80"), ("2006-10-29T03:00:00Z", "81"))
    for bucket in ("day", "week", "month"):
        buckets = summary(actions, token, f"bucket={bucket}&tz=America/St_Johns")["buckets"]
        assert sum(each["count"] for each in buckets) == 2
    assert [each["mean"] for each in summary(actions, token, "tz=America/St_Johns")["buckets"]] == ["81", "80"]


def test_where_clocks_skip_midnight_the_first_hour_is_not_the_day_before(actions: Actions, token: str) -> None:
    """Whichever day the reading of earlier ones for the trend begins with: in old summers, the one after the change."""
    june, august = "2023-06-27T21:10:00Z", "2023-08-26T21:10:00Z"
    insert(actions, token, (june, "80"), (august, "81"))
    for first, start in ((june, "2023-06-28T00:00:00+03:00"), (august, "2023-08-27T00:00:00+03:00")):
        assert summary(actions, token, f"tz=Africa/Cairo&start={first}")["buckets"][0]["start"] == start
    insert(actions, token, ("2023-04-27T22:10:00Z", "79"))
    assert summary(actions, token, "tz=Africa/Cairo")["buckets"][0]["start"] == "2023-04-28T01:00:00+03:00"


def test_a_mean_lies_within_its_range_and_a_pound_comes_back(actions: Actions, token: str) -> None:
    insert(actions, token, ("2026-03-01T06:00:00Z", "181.4"), unit="lbs")
    [bucket] = summary(actions, token, "unit=kg")["buckets"]
    assert [bucket[name] for name in ("min", "mean", "max", "trend")] == ["82.282"] * 4
    insert(actions, token, ("2026-03-02T06:00:00Z", bucket["mean"]))
    in_pounds = [each["mean"] for each in summary(actions, token, "unit=lbs")["buckets"]]
    assert [round(float(each), 2) for each in in_pounds] == [181.4, 181.4]


def test_the_trend_is_by_time_or_by_weighings_and_says_so(actions: Actions, token: str) -> None:
    weekly = [(f"2026-01-{day:02}T06:00:00Z", "80") for day in (1, 8, 15, 22)]
    insert(actions, token, *weekly, ("2026-01-29T06:00:00Z", "90"))
    for smoothing, trend in (("time", "83.455"), ("hackers_diet", "81")):
        for start in ("2026-01-01", "2026-01-29"):
            shown = summary(actions, token, f"smoothing={smoothing}&start={start}")
            assert (shown["smoothing"], shown["buckets"][-1]["trend"]) == (smoothing, trend)
    assert summary(actions, token, "")["smoothing"] == "time"


@pytest.mark.clause("RFC 9457 §3.2")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("bucket=year", "bucket"),
        ("tz=Berlin", "tz"),
        ("tz=localtime", "tz"),
        ("tz=Factory", "tz"),
        ("tz=", "tz"),
        ("unit=st", "unit"),
        ("end=1", "end"),
    ],
)
def test_a_bad_parameter_is_named(actions: Actions, token: str, query: str, field: str) -> None:
    refused = actions.fit("GET", f"{SUMMARY}?{query}", token)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_a_summary_that_has_not_changed_is_not_sent_again(actions: Actions, token: str) -> None:
    insert(actions, token, ("2026-01-15T06:00:00Z", "80"))
    known = {"If-None-Match": actions.fit("GET", SUMMARY, token).headers["ETag"]}
    assert actions.fit("GET", SUMMARY, token, headers=known).status_code == 304
    insert(actions, token, ("2026-01-16T06:00:00Z", "81"))
    assert actions.fit("GET", SUMMARY, token, headers=known).status_code == 200


def test_nobody_sees_anothers_summary_and_nobody_without_the_scope(actions: Actions, token: str) -> None:
    insert(actions, token, ("2026-01-15T06:00:00Z", "80"))
    assert summary(actions, actions.token(), "")["buckets"] == []
    writer = actions.app().connect(actions.person(), scopes=[WRITE]).access
    assert actions.fit("GET", SUMMARY, writer).status_code == 403
