"""What nobody asks for any more is removed: grants that ran out long ago, and what happened before that.

What is not removed: grants that may still be used, however old, also those that were revoked, since a Redis that comes
back with old state has to be told of them again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from auth_service.models.grant import GrantRecord
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.token_reuse import TokenReuse
from auth_service.storage.database import Database

_AT_ONCE = 1_000
"""A transaction has so many rows, so that nobody waits long for it."""

Progress = Callable[[int], None]
"""It is told how many rows were looked at."""


def remove_grants(database: Database, before: datetime, progress: Progress) -> int:
    """Remove the records of grants that ran out before that moment. Returns how many there were."""
    removed, looked_at, last = 0, 0, ""
    while True:
        with database.reading() as session:
            page = select(GrantRecord.id, GrantRecord.expires_at).where(GrantRecord.id > last)
            rows = session.execute(page.order_by(GrantRecord.id).limit(_AT_ONCE)).all()
        if not rows:
            return removed
        gone = [grant_id for grant_id, expires_at in rows if expires_at is not None and expires_at < before]
        if gone:
            with database.writing() as session:
                session.execute(delete(GrantRecord).where(GrantRecord.id.in_(gone)))
        removed, looked_at, last = removed + len(gone), looked_at + len(rows), rows[-1].id
        progress(looked_at)


def count_old_records(database: Database, before: datetime, at_most: int) -> int:
    """Count how many of both the others would remove, up to that number."""
    found = 0
    for old in (
        select(SecurityEvent.id).where(SecurityEvent.at < before),
        select(GrantRecord.id).where(GrantRecord.expires_at < before),
    ):
        with database.reading() as session:
            found += session.scalar(select(func.count()).select_from(old.limit(at_most).subquery())) or 0
    return min(found, at_most)


def remove_security_events(database: Database, before: datetime, progress: Progress) -> int:
    """Remove the record of what happened before that moment. Returns how many events there were."""
    removed = 0
    while True:
        with database.writing() as session:
            old = select(SecurityEvent.id).where(SecurityEvent.at < before).order_by(SecurityEvent.at)
            gone = session.scalars(old.limit(_AT_ONCE)).all()
            if gone and not removed:
                session.add(SecurityEvent(kind=EventKind.EVENTS_PRUNED, detail=before.isoformat()))
            if gone:
                with _removal_allowed(session):
                    session.execute(delete(SecurityEvent).where(SecurityEvent.id.in_(gone)))
            else:
                session.execute(delete(TokenReuse).where(TokenReuse.at < before))  # few
        if not gone:
            return removed
        removed += len(gone)
        progress(removed)


@contextmanager
def _removal_allowed(session: Session) -> Iterator[None]:
    """Lift, within this transaction, what keeps SQLite from removing events. On PostgreSQL the role decides."""
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    made = session.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'security_events_kept'"))
    session.execute(text("DROP TRIGGER security_events_kept"))
    yield
    session.flush()
    session.execute(text(str(made)))
