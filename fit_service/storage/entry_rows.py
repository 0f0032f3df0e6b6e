"""A row becomes an entry, and an entry the values of a row."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fit_service.models.base import from_microseconds, to_microseconds
from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry, Origin
from fit_service.rules.client_record import ClientRecord
from fit_service.rules.weight import Weight


def to_entry(row: Any) -> BodyWeightEntry:
    """Return the entry that a row holds, of the table or of all its columns."""
    return BodyWeightEntry(
        Weight.of_thousandths(row.thousandths, row.unit),
        from_microseconds(row.created_at),
        row.id,
        row.change,
        row.subject,
        utc_offset=row.utc_offset,
        origin=None if row.origin is None else Origin(row.origin),
        stored_at=None if row.stored_at is None else from_microseconds(row.stored_at),
        modified_at=None if row.modified_at is None else from_microseconds(row.modified_at),
        changed_by=row.changed_by,
        record=to_record(row),
    )


def to_record(row: Any) -> ClientRecord | None:
    """Return what an app calls the entry, of which the row tells that it is there or that it is gone."""
    if row.client_record_id is None:
        return None
    return ClientRecord(row.client_id, row.client_record_id, row.client_record_version)


def to_values(entry: BodyWeightEntry) -> dict[str, object]:
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
        "stored_at": entry.stored_at and to_microseconds(entry.stored_at),
        "modified_at": entry.modified_at and to_microseconds(entry.modified_at),
        "changed_by": entry.changed_by,
        **record_values(entry.record),
    }


def record_values(record: ClientRecord | None) -> dict[str, object]:
    """Return what a row holds of what an app calls an entry, be it there or gone."""
    return {
        "client_id": record and record.client_id,
        "client_record_id": record and record.id,
        "client_record_version": record and record.version,
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
