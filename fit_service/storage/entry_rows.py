"""A row becomes an entry, and an entry the values of a row."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from fit_service.models.base import from_microseconds, instant_text, to_microseconds
from fit_service.models.entries import BodyWeight
from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry, Origin, entry_members, version_of
from fit_service.rules.client_record import ClientRecord
from fit_service.rules.weight import Weight, shown_in

ENTRY_COLUMNS = tuple(
    BodyWeight.__table__.c[name]
    for name in (
        *("id", "subject", "thousandths", "unit", "created_at", "utc_offset", "origin"),
        *("change", "stored_at", "modified_at", "changed_by"),
        *("client_id", "client_record_id", "client_record_version"),
    )
)
"""An entry is made of these, in this order: to read a row by its columns' names takes twice as long."""
ENTRIES = select(*ENTRY_COLUMNS).where(BodyWeight.subject == bindparam("subject"))


def to_entry(row: Sequence[Any]) -> BodyWeightEntry:
    """Return the entry that a row of `ENTRY_COLUMNS` holds."""
    entry_id, subject, thousandths, unit, created_at, utc_offset, origin, change, stored, modified, by, *record = row
    client_id, record_id, version = record
    stored_at = _instant(stored)
    return BodyWeightEntry(
        Weight.of_thousandths(thousandths, unit),
        from_microseconds(created_at),
        entry_id,
        change,
        subject,
        utc_offset=utc_offset,
        origin=None if origin is None else Origin(origin),
        stored_at=stored_at,
        modified_at=stored_at if modified == stored else _instant(modified),  # few were changed since they were stored
        changed_by=by,
        record=None if record_id is None else ClientRecord(client_id, record_id, version),
    )


def shown(row: Sequence[Any], unit: str | None, client_id: str | None) -> dict[str, object]:
    """Return what the API shows of the entry that a row of `ENTRY_COLUMNS` begins with, without making the entry."""
    entry_id, subject, thousandths, own_unit, created_at, utc_offset, origin, change, stored, modified = row[:10]
    stored_at = None if stored is None else instant_text(stored)
    members = entry_members(
        entry_id,
        *shown_in(thousandths, own_unit, unit),
        instant_text(created_at),
        utc_offset,
        origin,
        version_of(subject, change),
        stored_at,
        stored_at if modified == stored else None if modified is None else instant_text(modified),
    )
    if row[12] is not None:
        members |= ClientRecord(*row[11:14]).to_json(client_id)
    return members


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else from_microseconds(stored)


def to_values(entry: BodyWeightEntry) -> dict[str, str | int | None]:
    """Return what the row of an entry holds."""
    return {
        "id": entry.id,
        "subject": entry.subject,
        "thousandths": entry.weight.thousandths,
        "unit": entry.weight.unit,
        "created_at": to_microseconds(entry.created_at),
        "change": entry.change,
        "utc_offset": entry.utc_offset,
        "origin": entry.origin,
        "stored_at": None if entry.stored_at is None else to_microseconds(entry.stored_at),
        "modified_at": None if entry.modified_at is None else to_microseconds(entry.modified_at),
        "changed_by": entry.changed_by,
        **record_values(entry.record),
    }


def record_values(record: ClientRecord | None) -> dict[str, str | int | None]:
    """Return what a row holds of what an app calls an entry, be it there or gone."""
    return {
        "client_id": None if record is None else record.client_id,
        "client_record_id": None if record is None else record.id,
        "client_record_version": None if record is None else record.version,
    }


@dataclass(frozen=True, slots=True)
class Writer:
    """It says who changes whose entries."""

    subject: str
    client_id: str | None = None
    """This app changes them; None: an operator."""

    def entry(
        self, entry: NewEntry, entry_id: str, number: int, stored_at: datetime | None, modified_at: datetime
    ) -> BodyWeightEntry:
        """Make the entry as this change stores it."""
        return BodyWeightEntry(
            entry.weight,
            entry.created_at,
            entry_id,
            number,
            self.subject,
            utc_offset=entry.utc_offset,
            origin=entry.origin,
            record=entry.record,
            stored_at=stored_at,
            modified_at=modified_at,
            changed_by=self.client_id,
        )

    def with_new_ids(self, entries: Iterable[NewEntry], numbers: Iterable[int], now: datetime) -> list[BodyWeightEntry]:
        """Make entries that are inserted now, by changes of these numbers."""
        return [
            self.entry(entry, secrets.token_hex(12), number, now, now)
            for entry, number in zip(entries, numbers, strict=True)
        ]
