"""`/api/body_weight/summary` answers what a chart shows: a bucket for each day, week or month of a time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from fit_service.rules.local_days import LocalDays, first_and_last_day, local_day, shown_instant, start_of
from fit_service.rules.refusals import InvalidValueError
from fit_service.rules.summary import (
    BUCKETS,
    DEFAULT_BUCKETS,
    MAX_BUCKETS,
    BucketSummary,
    bucket_index,
    first_day,
    summarize,
)
from fit_service.rules.trend import SMOOTHINGS, first_needed_day
from fit_service.rules.weight import plain
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_reader import EntryReader
from fit_service.web.access import READ, Access
from fit_service.web.conditional import VERSIONED, unless_known, version_tag
from fit_service.web.openapi.description import describe
from fit_service.web.openapi.schema_parts import one
from fit_service.web.parameters import END, START, UNIT, ZONE, Parameter, Query, one_of, period, takes
from shared.resource_server import ActiveToken

BUCKET: Parameter[str] = Parameter("bucket", one_of(*BUCKETS), "day", "How much time is summed up.")
SMOOTHING: Parameter[str] = Parameter(
    "smoothing",
    one_of(*SMOOTHINGS),
    SMOOTHINGS[0],
    "How the trend is defined: by time, or as in The Hacker's Diet by weighings.",
)
_A_MOMENT = timedelta(microseconds=1)
_MORE_THAN_A_BUCKET = timedelta(days=33)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def summary_api(access: Access, store: BodyWeightStore) -> Blueprint:
    """Make the blueprint: what is where, and which scope it needs."""
    blueprint = Blueprint("summary", __name__, url_prefix="/api/body_weight")
    blueprint.get("/summary")(access(READ, store)(show_summary))
    return blueprint


@takes(BUCKET, ZONE, START, END, UNIT, SMOOTHING)
@describe(VERSIONED, answers=one("Summary"))
def show_summary(store: BodyWeightStore, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """Sum entries up by day, week or month.

    Weeks begin on Monday. Buckets are never cut. Without `start` it reaches back 366 buckets; it covers at most
    1000. Without `unit`, it is that of the latest entry. A trend by time is a mean of the last 60 days, in which a
    day counts nine tenths of the next, and days without a weighing lie on the line between those around them.
    """
    with store.reading(token.subject) as entries:
        tag = version_tag(token, entries.counter().last_change)
        return unless_known(tag, lambda: _summary(entries, query))


def _summary(entries: EntryReader, query: Query) -> Response:
    bucket, zone, smoothing = query[BUCKET], query[ZONE], query[SMOOTHING]
    bounds, earliest, latest = period(query), entries.earliest(), entries.latest()
    unit, summaries = query[UNIT] or (latest.weight.unit if latest else "kg"), []
    covered = _covered(query, *bounds, earliest.created_at, latest.created_at) if earliest and latest else range(0)
    if earliest and covered:
        days = entries.day_totals(_needed_days(entries, query, covered, local_day(earliest.created_at, zone)))
        summaries = [each for each in summarize(days, bucket, unit, smoothing) if each.index in covered]
    shown = [_shown(summary, bucket, zone) for summary in summaries]
    return jsonify({"bucket": bucket, "tz": zone.key, "unit": unit, "smoothing": smoothing, "buckets": shown})


def _covered(query: Query, start: datetime | None, end: datetime | None, earliest: datetime, latest: datetime) -> range:
    """Return the buckets, whole ones also where the period begins or ends within one. Raises InvalidValueError."""
    begin = max(start or _FIRST, earliest - _MORE_THAN_A_BUCKET)
    after = min(end or _LAST, latest + _MORE_THAN_A_BUCKET)
    if begin >= after:
        return range(0)
    of_period, of_entries = (
        [bucket_index(query[BUCKET], day) for day in first_and_last_day(*bounds, query[ZONE])]
        for bounds in ((begin, after), (earliest, latest + _A_MOMENT))
    )
    first, last = max(of_period[0], of_entries[0]), min(of_period[1], of_entries[1])
    if start is None:
        first = max(first, last - DEFAULT_BUCKETS + 1)
    if last - first >= MAX_BUCKETS:
        detail = f"That is more than {MAX_BUCKETS} buckets: ask for a shorter period or larger buckets."
        raise InvalidValueError("start", detail)
    return range(first, last + 1)


def _needed_days(entries: EntryReader, query: Query, covered: range, earliest: date) -> LocalDays:
    """Return the days of the buckets, and earlier ones for the first trend and for the bucket before the first."""
    bucket, zone = query[BUCKET], query[ZONE]
    begin, after = first_day(bucket, covered[0]), first_day(bucket, covered[-1] + 1)
    needed = first_needed_day(query[SMOOTHING], begin) or min(begin, earliest - timedelta(days=1))
    previous = entries.latest(before=start_of(begin, zone))
    if previous is not None:
        needed = min(needed, first_day(bucket, bucket_index(bucket, local_day(previous.created_at, zone))))
    return LocalDays(zone, needed, after - timedelta(days=1))


def _shown(summary: BucketSummary, bucket: str, zone: ZoneInfo) -> dict[str, object]:
    return {
        "start": shown_instant(start_of(first_day(bucket, summary.index), zone)),
        "end": shown_instant(start_of(first_day(bucket, summary.index + 1), zone)),
        "count": summary.count,
        "min": plain(summary.lightest),
        "max": plain(summary.heaviest),
        "mean": plain(summary.mean),
        "trend": plain(summary.trend),
        "change": None if summary.change is None else plain(summary.change),
    }
