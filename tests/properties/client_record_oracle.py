"""What a person's entries are after any sequence of upserts, changes and deletions by two apps: a dict and some ifs.

It shares no code with the service: no SQL, no numbers of changes, no rows.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Known:
    """An entry as somebody would see it who sees everything."""

    weight: str
    app: int | None = None
    record: str | None = None
    version: int = 0
    edition: int = 0
    """Rises whenever the entry says something else."""

    def saying(self, weight: str) -> "Known":
        return self if weight == self.weight else replace(self, weight=weight, edition=self.edition + 1)


@dataclass(frozen=True)
class Upsert:
    """A record of the app's own or, without one, a new entry."""

    weight: str
    record: str | None = None
    version: int = 0


@dataclass(frozen=True)
class Change:
    """Of the entry at this place among those that there were before the request; perhaps only as it was then."""

    place: int
    weight: str
    guarded: bool = False


@dataclass(frozen=True)
class Delete:
    """Likewise."""

    place: int
    guarded: bool = False


@dataclass(frozen=True)
class DeleteRecord:
    """Of the app's own."""

    record: str


Step = Upsert | Change | Delete | DeleteRecord


class Oracle:
    """All entries, by names that the test gives them."""

    def __init__(self) -> None:
        self.entries: dict[str, Known] = {}
        self.deleted: dict[tuple[int, str], int] = {}

    def upsert(self, app: int, step: Upsert, new_name: str) -> tuple[int, str | None]:
        """The status, and the name of the entry that is shown."""
        name = self.of_record(app, step.record) if step.record else None
        if name is None:
            if step.record and step.version <= self.deleted.get((app, step.record), -1):
                return 410, None
            self.entries[new_name] = Known(step.weight, app if step.record else None, step.record, step.version)
            return 201, new_name
        if step.version > self.entries[name].version:
            self.entries[name] = replace(self.entries[name].saying(step.weight), version=step.version)
        return 200, name

    def change(self, name: str, weight: str, edition: int | None) -> int:
        """The status."""
        if name not in self.entries:
            return 404
        if edition not in (None, self.entries[name].edition):
            return 412
        self.entries[name] = self.entries[name].saying(weight)
        return 200

    def delete(self, name: str | None, edition: int | None = None) -> int:
        """The status."""
        if name not in self.entries:
            return 404
        assert name is not None
        if edition not in (None, self.entries[name].edition):
            return 412
        gone = self.entries.pop(name)
        if gone.app is not None and gone.record is not None:
            self.deleted[gone.app, gone.record] = gone.version
        return 204

    def of_record(self, app: int, record: str) -> str | None:
        """The name of the entry that this app calls so."""
        return next((name for name, each in self.entries.items() if (each.app, each.record) == (app, record)), None)
