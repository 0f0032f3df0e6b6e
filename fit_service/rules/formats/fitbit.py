"""Fitbit's export, `weight-….json`, also within Google Takeout: local times, and a unit that only the BMI tells."""

import re
from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from typing import BinaryIO

from fit_service.rules.formats import json_rows, values
from fit_service.rules.formats.contract import ClockTime, Day, Format, Reading, Row
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.json_rows import Item, within
from fit_service.rules.formats.rows import read_each, tidied
from fit_service.rules.refusals import InvalidValueError, Place

_DATE = re.compile(r"(\d\d)/(\d\d)/(\d\d)", re.ASCII)
_OF_A_DAY = {time(23, 59, 59), time(0, 0, 0)}
"""Such a time means that the weight was typed in for the day, and nobody knows when."""
_SHORTEST, _TALLEST = Decimal("1.2"), Decimal("2.3")
"""A height, in metres, beyond which a BMI is of another unit."""
_KG_OF_A_POUND = Decimal("0.45359237")


def _recognise(head: Head) -> str | None:
    is_export = head.has_members("[", ("logId", "weight", "date", "time"))
    return "it is an array of weights with the members logId, weight, date and time" if is_export else None


def _read(file: BinaryIO, _codec: str) -> Iterator[Row]:
    return tidied(read_each(json_rows.items(file, "entry"), _row))


def _row(place: Place, item: Item) -> Row:
    value, _ = values.amount(within(item, "weight"))
    return Reading(place, value, _unit(value, within(item, "bmi")), _when(within(item, "date"), within(item, "time")))


def _when(date: object, at: object) -> ClockTime | Day:
    found = _DATE.fullmatch(date) if isinstance(date, str) else None
    if found is None or not isinstance(at, str):
        raise InvalidValueError("created_at", "It has no date like 01/31/26 with a time.")
    month, day, year = found.groups()
    when = values.clock_time(f"20{year}-{month}-{day} {at}")
    return Day(when.shown.date()) if when.shown.time() in _OF_A_DAY else when


def _unit(value: Decimal, bmi: object) -> str | None:
    """Say the unit in which the BMI belongs to somebody's height, if that is so in one unit only."""
    if isinstance(bmi, bool) or not isinstance(bmi, int | Decimal) or not 5 <= bmi <= 200:
        return None
    heights = {"kg": value / bmi, "lbs": value * _KG_OF_A_POUND / bmi}
    fitting = [unit for unit, square in heights.items() if _SHORTEST**2 <= square <= _TALLEST**2]
    return fitting[0] if len(fitting) == 1 else None


FITBIT = Format("fitbit", "Fitbit export and Google Takeout, weight-….json", ("application/json",), _recognise, _read)
