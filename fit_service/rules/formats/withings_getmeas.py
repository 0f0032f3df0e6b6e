"""Withings, what its API answers to `getmeas`: groups of measures, integers with a power of ten."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

from fit_service.rules.formats import json_rows, values
from fit_service.rules.formats.contract import Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.json_rows import Item, within
from fit_service.rules.formats.rows import read_each, tidied
from fit_service.rules.refusals import InvalidValueError, Place

_MEASURED, _WEIGHT, _AMBIGUOUS = 1, 1, 1
_MAX_POWER = 20


def _recognise(head: Head) -> str | None:
    is_answer = head.has_members("{", ("measuregrps",))
    return "it is an answer of the Withings API with measuregrps" if is_answer else None


def _read(file: BinaryIO, _codec: str) -> Iterator[Row]:
    return tidied(read_each(json_rows.items(file, "group", "body", "measuregrps"), _row))


def _row(place: Place, group: Item) -> Row:
    if within(group, "category") != _MEASURED:
        return Skipped(place, Reason.GOAL)
    if within(group, "attrib") == _AMBIGUOUS:
        return Skipped(place, Reason.WHOSE)
    measures = within(group, "measures")
    weights = [each for each in measures if within(each, "type") == _WEIGHT] if isinstance(measures, list) else []
    if not weights:
        return Skipped(place, Reason.NO_WEIGHT)
    if len(weights) > 1:
        raise InvalidValueError("body_weight", "The group has more than one weight.")
    value, unit = values.amount(_scaled(weights[0]), "kg")
    return Reading(place, value, unit, values.of_epoch(within(group, "date")))


def _scaled(measure: Any) -> Decimal:
    number, power = within(measure, "value"), within(measure, "unit")
    if isinstance(number, bool) or not isinstance(number, int) or not isinstance(power, int) or abs(power) > _MAX_POWER:
        raise InvalidValueError("body_weight", "The measure has no value and unit that can be counted with.")
    return Decimal(number).scaleb(power)


WITHINGS_GETMEAS = Format(
    "withings_getmeas", "Withings API, answer of getmeas", ("application/json",), _recognise, _read
)
