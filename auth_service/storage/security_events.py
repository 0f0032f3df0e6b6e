"""Security events in SQL: those that belong to no other write, and all of them to read."""

from collections.abc import Mapping

from sqlalchemy import select

from auth_service.models.security_event import SecurityEvent
from auth_service.storage.database import Database


class SecurityEventStore:
    """Adds and reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: SecurityEvent) -> None:
        """Commit one event."""
        with self._database.writing() as session:
            session.add(event)

    def newest(self, limit: int, wanted: Mapping[str, str]) -> list[SecurityEvent]:
        """At most `limit` events of which the `wanted` columns have these values, the newest first."""
        with self._database.reading() as session:
            query = select(SecurityEvent).filter_by(**wanted)
            return list(session.scalars(query.order_by(SecurityEvent.at.desc(), SecurityEvent.id.desc()).limit(limit)))
