"""Entries are written one by one, so that an export of any length needs little memory; here as our own CSV and JSON."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from fit_service.rules.body_weight_entry import BodyWeightEntry

COLUMNS = ("id", "body_weight", "unit", "created_at", "utc_offset", "origin")
NEEDED = ("body_weight", "unit", "created_at")


@dataclass(frozen=True, slots=True)
class Person:
    """Entries are of this person, of whom nothing is known but the account."""

    issuer: str
    """The authorization server has the account."""
    subject: str
    """So it calls the account."""

    @property
    def uuid(self) -> UUID:
        """It stands for the person where formats want a UUID: always the same one (RFC 9562 §5.5)."""
        return uuid5(NAMESPACE_URL, f"{self.issuer}#{self.subject}")


@dataclass(frozen=True, slots=True)
class EntryFormat:
    """A format is one way to write entries down."""

    name: str
    media_type: str
    ending: str
    """The name of a file ends so."""
    write: Callable[[Iterable[BodyWeightEntry], str | None, Person], Iterator[str]]
    """It writes all weights in one unit, or each as it was entered."""
    accepted_as: tuple[str, ...]
    """An app that accepts one of these may get it. A format without a media type of its own has to be named."""


def _write_csv(entries: Iterable[BodyWeightEntry], unit: str | None, _person: Person) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for entry in entries:  # no value can hold a comma or a quote
        shown = entry.to_json(unit)
        yield ",".join(str(shown.get(name, "")) for name in COLUMNS) + "\r\n"


def _write_json(entries: Iterable[BodyWeightEntry], unit: str | None, _person: Person) -> Iterator[str]:
    separator = "[\n"
    for entry in entries:
        yield separator + json.dumps(entry.to_json(unit))
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"


CSV = EntryFormat("csv", "text/csv", "csv", _write_csv, ("text/csv",))
JSON = EntryFormat("json", "application/json", "json", _write_json, ("application/json",))
