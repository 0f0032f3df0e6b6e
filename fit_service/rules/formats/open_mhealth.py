"""Open mHealth and IEEE 1752.1: data points of the schema body-weight, in an array or one after the other."""

from collections.abc import Iterator
from typing import BinaryIO

from fit_service.rules.formats import json_rows, values
from fit_service.rules.formats.contract import Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.json_rows import Item, within
from fit_service.rules.formats.rows import read_each, tidied
from fit_service.rules.interchange import id_of
from fit_service.rules.refusals import Place

_SCHEMA = "body-weight"
_NEEDED = ("schema_id", "body_weight")


def _recognise(head: Head) -> str | None:
    is_points = any(head.has_members(opening, _NEEDED) for opening in "[{") and f'"{_SCHEMA}"' in head.text
    return f"it has data points of the schema {_SCHEMA}" if is_points else None


def _read(file: BinaryIO, _codec: str) -> Iterator[Row]:
    is_array = Head(file.read(4096)).opening == "["
    file.seek(0)
    points = json_rows.items(file, "point") if is_array else json_rows.values(file, "point")
    return tidied(read_each(points, _row))


def _row(place: Place, point: Item) -> Row:
    body = within(point, "body")
    if within(point, "header", "schema_id", "name") != _SCHEMA:
        return Skipped(place, Reason.OTHER_MEASURE)
    if within(body, "descriptive_statistic") is not None:
        return Skipped(place, Reason.AVERAGE)
    if within(body, "body_weight", "value") is None:
        return Skipped(place, Reason.NO_WEIGHT)
    at = within(body, "effective_time_frame", "date_time")
    if at is None:
        return Skipped(place, Reason.NO_TIME)
    value, unit = values.amount(within(body, "body_weight", "value"), within(body, "body_weight", "unit") or "")
    return Reading(place, value, unit, values.instant(at), id_of(within(point, "header", "uuid")))


OPEN_MHEALTH = Format(
    "open_mhealth", "Open mHealth and IEEE 1752.1, body-weight", ("application/json",), _recognise, _read
)
