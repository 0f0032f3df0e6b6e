"""Deleted accounts are erased once nobody can want them back, and each resource server is told until it acknowledges.

What is left is what happened (security events), under a `sub` that no table resolves any more and nobody ever gets.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.models.account import Account
from auth_service.models.base import Base, now
from auth_service.models.deletion_notice import DeletionNotice
from auth_service.models.grant import GrantRecord
from auth_service.models.resource_server import ResourceServer
from auth_service.models.revoked_access_token import RevokedAccessToken
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.database import Database
from auth_service.storage.portions import AT_ONCE

_ERASED_AT_ONCE = 20
"""A turn erases at most so many accounts."""

_log = logging.getLogger(__name__)


class Unacknowledged(NamedTuple):
    """A resource server has not said yet that these people's data are gone there."""

    resource_server: str
    accounts: int
    oldest: datetime


class DeletedAccountStore:
    """It erases accounts that were deleted more than `grace` seconds ago."""

    def __init__(self, database: Database, grace: int) -> None:
        self._database = database
        self._grace = timedelta(seconds=grace)

    def erase_due(self) -> None:
        """Erase some accounts whose grace period is over. Several processes may do so at once, and die."""
        due = select(Account.id).where(Account.deleted_at < self._due()).order_by(Account.deleted_at)
        with self._database.reading() as session:
            account_ids = session.scalars(due.limit(_ERASED_AT_ONCE)).all()
        for account_id in account_ids:
            self._remove(GrantRecord.id, GrantRecord.account_id, account_id)  # there may be many of both
            self._remove(RevokedAccessToken.digest, RevokedAccessToken.subject, account_id)
            if self._erase(account_id):
                _log.info("a deleted account was erased", extra={"account_id": account_id})

    def count_overdue(self, by: timedelta) -> int:
        """Count accounts that should have been erased so long ago."""
        with self._database.reading() as session:
            overdue = select(func.count()).where(Account.deleted_at < self._due() - by)
            return session.scalar(overdue) or 0

    def unacknowledged(self) -> list[Unacknowledged]:
        """Return who has how much to acknowledge, by resource server."""
        name = DeletionNotice.resource_server_name
        counted = select(name, func.count(), func.min(DeletionNotice.erased_at)).group_by(name).order_by(name)
        with self._database.reading() as session:
            return [Unacknowledged(*row) for row in session.execute(counted)]

    def notices(self, resource_server: str, after: int, at_most: int) -> list[DeletionNotice]:
        """Return what this resource server has not acknowledged, of those whose ids are greater than `after`."""
        query = select(DeletionNotice).where(
            DeletionNotice.resource_server_name == resource_server, DeletionNotice.id > after
        )
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(DeletionNotice.id).limit(at_most)))

    def acknowledge(self, resource_server: str, subject: str) -> None:
        """Commit that nothing of this person is left at this resource server. It may say so again."""
        whose = (DeletionNotice.resource_server_name == resource_server, DeletionNotice.subject == subject)
        with self._database.writing() as session:
            session.execute(delete(DeletionNotice).where(*whose))

    def _due(self) -> datetime:
        return now() - self._grace

    def _remove(self, key: InstrumentedAttribute[str], owner: InstrumentedAttribute[Any], account_id: str) -> None:
        """Remove rows of a person in portions, each a transaction of its own."""
        some = select(key).where(owner == account_id).limit(AT_ONCE)
        while True:
            with self._database.writing() as session:
                gone = session.scalars(some).all()
                session.execute(delete(key.class_).where(key.in_(gone)))
            if len(gone) < AT_ONCE:
                return

    def _erase(self, account_id: str) -> bool:
        """Remove the account with all that is left of it, and say so to all resource servers, in one transaction.

        False if it was restored, or erased, meanwhile.
        """
        held = select(Account).where(Account.id == account_id, Account.deleted_at < self._due()).with_for_update()
        with self._database.writing() as session:
            account = session.scalar(held)
            if account is None:
                return False
            for table in tables_of_people():
                session.execute(delete(table).where(table.c.account_id == account_id))
            session.delete(account)
            names = session.scalars(select(ResourceServer.name)).all()
            if names:
                told = [{"resource_server_name": name, "subject": account_id} for name in names]
                session.execute(insert(DeletionNotice), told)
            session.add(SecurityEvent(kind=EventKind.ACCOUNT_ERASED, account_id=account_id))
            return True


def tables_of_people() -> Iterator[Table]:
    """Return each table that has rows of people: what names an account, but events, which keep it as a pseudonym."""
    for table in reversed(Base.metadata.sorted_tables):
        if "account_id" in table.c and table.name != SecurityEvent.__tablename__:
            yield table
