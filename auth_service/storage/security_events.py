"""Security events in SQL: those that belong to no other write, and all of them to read."""

from collections.abc import Iterator, Mapping

from auth_service.models.security_event import SecurityEvent
from auth_service.storage.database import Database
from auth_service.storage.portions import in_portions


class SecurityEventStore:
    """Adds and reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: SecurityEvent) -> None:
        """Commit one event."""
        with self._database.writing() as session:
            session.add(event)

    def newest(self, wanted: Mapping[str, str]) -> Iterator[list[SecurityEvent]]:
        """Events of which the `wanted` columns have these values, in portions, the newest first."""
        conditions = [getattr(SecurityEvent, name) == value for name, value in wanted.items()]
        newest_first = (SecurityEvent.at, SecurityEvent.id)
        return in_portions(self._database, SecurityEvent, *conditions, by=newest_first, descending=True)
