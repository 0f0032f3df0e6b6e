"""Security events in SQL: those that belong to no other write, and all of them to read."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, select

from auth_service.models.acting import acting
from auth_service.models.base import now
from auth_service.models.security_event import SecurityEvent
from auth_service.storage.database import Database
from auth_service.storage.portions import in_portions
from shared.service.client_network import client_network
from shared.service.sql_database import upsert

Wanted = Mapping[str, str]
"""Names of columns and the values that events must have in them."""


class SecurityEventStore:
    """Adds and reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: SecurityEvent) -> None:
        """Commit one event."""
        with self._database.writing() as session:
            session.add(event)

    def count(self, event: SecurityEvent) -> None:
        """Commit an event that anybody can cause at will: one row for its kind, account, network and minute."""
        minute = now().strftime("%Y-%m-%dT%H:%M")
        what = (event.kind, event.account_id or "", client_network(acting().address), minute, event.detail or "")
        values = {
            "kind": event.kind,
            "who": event.who or acting().who,
            "account_id": event.account_id,
            "detail": event.detail,
            "counted_as": sha256("\n".join(what).encode()).hexdigest(),
        }
        with self._database.writing() as session:
            first = upsert(session, SecurityEvent).values(values)
            once_more = {"times": SecurityEvent.times + 1}
            session.execute(first.on_conflict_do_update(index_elements=["counted_as"], set_=once_more))

    def newest(
        self, wanted: Wanted, since: datetime | None = None, before: int | None = None
    ) -> Iterator[list[SecurityEvent]]:
        """Return events that are `wanted`, since then or ever, in portions, the newest first.

        With `before`, those whose ids are less.
        """
        older = () if before is None else (SecurityEvent.id < before,)
        conditions = (*_conditions(wanted, since), *older)
        return in_portions(self._database, SecurityEvent, *conditions, by=(SecurityEvent.id,), descending=True)

    def oldest(self, wanted: Wanted, since: datetime | None, after: int) -> Iterator[list[SecurityEvent]]:
        """Return the same, the oldest first, of those whose ids are greater than `after`."""
        conditions = (*_conditions(wanted, since), SecurityEvent.id > after)
        return in_portions(self._database, SecurityEvent, *conditions, by=(SecurityEvent.id,))

    def page(self, account_id: str, kinds: Collection[str], before: int | None, at_most: int) -> list[SecurityEvent]:
        """Return events of one account, the newest first; with `before`, those whose ids are less."""
        query = select(SecurityEvent).where(SecurityEvent.account_id == account_id, SecurityEvent.kind.in_(kinds))
        if before is not None:
            query = query.where(SecurityEvent.id < before)
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(SecurityEvent.id.desc()).limit(at_most)))


def _conditions(wanted: Wanted, since: datetime | None) -> list[ColumnElement[bool]]:
    named = [getattr(SecurityEvent, name) == value for name, value in wanted.items()]
    return named if since is None else [*named, SecurityEvent.at >= since]
