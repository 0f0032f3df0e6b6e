"""Google's three ways to write weights down: Takeout's CSV, Google Fit's merged stream, the Google Health API."""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from fit_service.rules.formats import json_rows, values
from fit_service.rules.formats.contract import Format, Instant, Reading, Reason, Row, Skipped
from fit_service.rules.formats.csv_rows import csv_rows, named_rows
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.json_rows import Item, within
from fit_service.rules.formats.rows import cell, read_each, tidied
from fit_service.rules.refusals import Place

_FIT_WEIGHT = "com.google.weight"
_SECONDS = re.compile(r"(-?)(\d{1,5})s", re.ASCII)


def _recognise_takeout(head: Head) -> str | None:
    is_takeout = head.cells()[:2] == ["timestamp", "weight grams"]
    return "its first line names the columns timestamp and weight grams" if is_takeout else None


def _read_takeout(file: BinaryIO, codec: str) -> Iterator[Row]:
    return tidied(read_each(named_rows(csv_rows(file, codec)), _takeout_row))


def _takeout_row(place: Place, row: Mapping[str, str]) -> Row:
    if values.is_nothing(cell(row, "weight grams")):
        return Skipped(place, Reason.NO_WEIGHT)
    value, unit = values.amount(cell(row, "weight grams"), "g")
    return Reading(place, value, unit, values.instant(cell(row, "timestamp")))


def _recognise_fit(head: Head) -> str | None:
    is_stream = head.has_members("{", ("Data Points", "fitValue")) and _FIT_WEIGHT in head.text
    return f"it has Data Points of {_FIT_WEIGHT}" if is_stream else None


def _read_fit(file: BinaryIO, _codec: str) -> Iterator[Row]:
    return tidied(read_each(json_rows.items(file, "point", "Data Points"), _fit_row))


def _fit_row(place: Place, point: Item) -> Row:
    if within(point, "dataTypeName") != _FIT_WEIGHT:
        return Skipped(place, Reason.OTHER_MEASURE)
    weight = within(point, "fitValue", 0, "value", "fpVal")
    if weight is None:
        return Skipped(place, Reason.NO_WEIGHT)
    value, unit = values.amount(weight, "kg")
    return Reading(place, value, unit, values.of_epoch(within(point, "endTimeNanos"), 1_000_000_000))


def _recognise_health(head: Head) -> str | None:
    is_list = head.has_members("{", ("dataPoints", "weightGrams", "sampleTime"))
    return "it has dataPoints with weightGrams and sampleTime" if is_list else None


def _read_health(file: BinaryIO, _codec: str) -> Iterator[Row]:
    return tidied(read_each(json_rows.items(file, "point", "dataPoints"), _health_row))


def _health_row(place: Place, point: Item) -> Row:
    grams = within(point, "weight", "weightGrams")
    if grams is None:
        return Skipped(place, Reason.OTHER_MEASURE)
    value, unit = values.amount(grams, "g")
    at = values.instant(within(point, "weight", "sampleTime", "physicalTime")).at
    return Reading(place, value, unit, Instant(at, _minutes(within(point, "weight", "sampleTime", "utcOffset"))))


def _minutes(seconds: object) -> int | None:
    """Return the minutes of an offset that is written as 7200s."""
    found = _SECONDS.fullmatch(seconds) if isinstance(seconds, str) else None
    if found is None or int(found[2]) % 60 or int(found[2]) >= 86_400:
        return None
    return int(found[2]) // 60 * (-1 if found[1] else 1) or None


TAKEOUT = Format("google_takeout_csv", "Google Takeout, weight_….csv", ("text/csv",), _recognise_takeout, _read_takeout)
GOOGLE_FIT = Format(
    "google_fit", "Google Fit in Takeout, merged weight", ("application/json",), _recognise_fit, _read_fit
)
GOOGLE_HEALTH = Format(
    "google_health_api", "Google Health API, list of weight", ("application/json",), _recognise_health, _read_health
)
