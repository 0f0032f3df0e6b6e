"""Entries are written as CSV and JSON one by one, so that an export of any length needs little memory."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fit_service.rules.body_weight_entry import BodyWeightEntry

COLUMNS = ("id", "body_weight", "unit", "created_at", "utc_offset", "origin")
NEEDED = ("body_weight", "unit", "created_at")


@dataclass(frozen=True, slots=True)
class EntryFormat:
    """A format is one way to write entries down."""

    name: str
    media_type: str
    write: Callable[[Iterable[BodyWeightEntry], str | None], Iterator[str]]
    """It writes all weights in one unit, or each as it was entered."""


def _write_csv(entries: Iterable[BodyWeightEntry], unit: str | None) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for entry in entries:  # no value can hold a comma or a quote
        shown = entry.to_json(unit)
        yield ",".join(str(shown.get(name, "")) for name in COLUMNS) + "\r\n"


def _write_json(entries: Iterable[BodyWeightEntry], unit: str | None) -> Iterator[str]:
    separator = "[\n"
    for entry in entries:
        yield separator + json.dumps(entry.to_json(unit))
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


CSV = EntryFormat("csv", "text/csv", _write_csv)
JSON = EntryFormat("json", "application/json", _write_json)
FORMATS = (JSON, CSV)
