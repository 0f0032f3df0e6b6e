"""Reads the items of JSON files one by one, each with its number from 1."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from fit_service.rules import exact_json
from fit_service.rules.formats.contract import Unreadable
from fit_service.rules.refusals import Place, UnreadableError

Item = Mapping[str, Any]
NumberedItem = tuple[Place, Item | Unreadable]


def items(file: BinaryIO, kind: str, *path: str) -> Iterator[NumberedItem]:
    """Read the objects of the array at `path`; each is called `kind`. Raises UnreadableError."""
    return _numbered(exact_json.items(file, *path), kind)


def values(file: BinaryIO, kind: str) -> Iterator[NumberedItem]:
    """Read objects that stand one after the other, as in NDJSON. Raises UnreadableError."""
    return _numbered(exact_json.values(file), kind)


def _numbered(found: Iterator[object], kind: str) -> Iterator[NumberedItem]:
    number = 0
    try:
        for item in found:
            number += 1
            place = kind, number
            yield place, item if isinstance(item, dict) else Unreadable(place, "entry", "It is no JSON object.")
    except exact_json.UnreadableJsonError as error:
        raise UnreadableError(f"The file can't be read as JSON, after {kind} {number}. {error}") from None


def within(item: object, *names: str | int) -> Any:
    """Return the member of a member, or None where there is none; a number counts in an array."""
    for name in names:
        if isinstance(name, int):
            item = item[name] if isinstance(item, list) and name < len(item) else None
        else:
            item = item.get(name) if isinstance(item, dict) else None
    return item
