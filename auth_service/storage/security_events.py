"""Security events that belong to no other write, in SQL."""

from auth_service.models.security_event import SecurityEvent
from auth_service.storage.database import Database


class SecurityEventStore:
    """Append only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: SecurityEvent) -> None:
        """Commit one event."""
        with self._database.writing() as session:
            session.add(event)
