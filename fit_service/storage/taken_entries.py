"""One transaction knows a person's entries during that person's turn: as it read them once, then as it makes them.

Nobody else changes them until the commit, so an entry that was read, changed and asked for again isn't read again.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from fit_service.models.entries import BodyWeight, DeletedEntry
from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.storage.entry_rows import ENTRY_COLUMNS, Writer, to_entry
from fit_service.storage.surroundings import in_portions

_AT_ONCE = 500
"""One question has so many names."""


class TakenEntries:
    """It holds entries by id, and by the id that the writer's app has for them."""

    def __init__(self, session: Session, writer: Writer) -> None:
        self._session = session
        self._writer = writer
        self._by_id: dict[str, BodyWeightEntry | None] = {}
        self._by_record: dict[str, BodyWeightEntry | None] = {}
        self._deleted: dict[str, int] = {}

    def read(self, ids: Collection[str] = (), record_ids: Collection[str] = ()) -> None:
        """Read what is not known of these, all at once."""
        for some in in_portions(sorted({*ids} - self._by_id.keys()), _AT_ONCE):
            self._by_id |= dict.fromkeys(some)
            self._read_entries(BodyWeight.id.in_(some))
        for some in in_portions(sorted({*record_ids} - self._by_record.keys()), _AT_ONCE):
            self._by_record |= dict.fromkeys(some)
            self._read_entries(*self._are_records(BodyWeight, some))
            of_each = DeletedEntry.client_record_id, func.max(DeletedEntry.client_record_version)
            deleted = select(*of_each).where(DeletedEntry.subject == self._writer.subject)
            deleted = deleted.where(*self._are_records(DeletedEntry, some)).group_by(DeletedEntry.client_record_id)
            for record_id, version in self._session.execute(deleted):
                if record_id is not None and version is not None:
                    self._deleted[record_id] = version

    def find(self, entry_id: str) -> BodyWeightEntry | None:
        """Return the entry of this id."""
        self.read(ids=[entry_id])
        return self._by_id[entry_id]

    def find_record(self, record_id: str) -> BodyWeightEntry | None:
        """Return the entry that the writer's app calls so."""
        self.read(record_ids=[record_id])
        return self._by_record[record_id]

    def deleted_version(self, record_id: str) -> int | None:
        """Return the version of the app's record that was deleted last, as far as that is remembered."""
        self.read(record_ids=[record_id])
        return self._deleted.get(record_id)

    def first(self, limit: int, *which: ColumnElement[bool]) -> list[BodyWeightEntry]:
        """Return so many of those that are so, as they are stored."""
        mine = select(*ENTRY_COLUMNS).where(BodyWeight.subject == self._writer.subject, *which)
        entries = [to_entry(row) for row in self._session.execute(mine.limit(limit))]
        for entry in entries:
            self.put(entry)
        return entries

    def put(self, entry: BodyWeightEntry) -> None:
        """Note that it is stored so now."""
        self._by_id[entry.id] = entry
        if entry.record and entry.record.client_id == self._writer.client_id:
            self._by_record[entry.record.id] = entry

    def remove(self, entry: BodyWeightEntry) -> None:
        """Note that it is deleted now."""
        self._by_id[entry.id] = None
        if entry.record and entry.record.client_id == self._writer.client_id:
            self._by_record[entry.record.id] = None
            self._deleted[entry.record.id] = entry.record.version

    def _read_entries(self, *which: ColumnElement[bool]) -> None:
        rows = select(*ENTRY_COLUMNS).where(BodyWeight.subject == self._writer.subject, *which)
        for row in self._session.execute(rows):
            self.put(to_entry(row))

    def _are_records(
        self, table: type[BodyWeight | DeletedEntry], record_ids: Sequence[str]
    ) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return table.client_id == self._writer.client_id, table.client_record_id.in_(record_ids)
