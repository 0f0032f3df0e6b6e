"""SQL knows what has ended or shrunk, of which a Redis may have to be told: in portions, newest first."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.models.account import SUBJECT_PREFIX
from auth_service.models.base import Base, now
from auth_service.models.grant import GrantRecord
from auth_service.models.revoked_access_token import RevokedAccessToken
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.database import Database
from auth_service.storage.grant_records import of
from auth_service.storage.portions import AT_ONCE, in_portions

CLOCKS_AGREE_WITHIN = timedelta(minutes=10)
"""The clocks of machines that share the database may be so far apart; no transaction takes as long."""
_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
"""It is before any change. Unlike `IS NOT NULL`, a comparison makes SQLite use an index."""


class EndedRecordStore:
    """It reads ends, and keeps those of single access tokens until these would have expired."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grants(self, since: datetime | None) -> Iterator[list[GrantRecord]]:
        """Return grants that ended since then by any machine's clock, or ever, and have not expired."""
        unexpired = or_(GrantRecord.expires_at.is_(None), GrantRecord.expires_at > _expired_everywhere())
        return self._newest_first(GrantRecord, GrantRecord.revoked_at, GrantRecord.id, since, unexpired)

    def narrowed_grants(self, since: datetime | None) -> Iterator[list[GrantRecord]]:
        """Return grants that shrank since then, and have not ended."""
        living = and_(
            GrantRecord.revoked_at.is_(None),
            or_(GrantRecord.expires_at.is_(None), GrantRecord.expires_at > _expired_everywhere()),
        )
        return self._newest_first(GrantRecord, GrantRecord.narrowed_at, GrantRecord.id, since, living)

    def access_tokens(self, since: datetime | None) -> Iterator[list[RevokedAccessToken]]:
        """Return access tokens that were revoked alone since then and have not expired."""
        token = RevokedAccessToken
        unexpired = token.expires_at > _expired_everywhere()
        return self._newest_first(token, token.revoked_at, token.digest, since, unexpired)

    def grants_of(
        self, account_id: str | None = None, client_id: str | None = None, *, narrowed_at: datetime | None = None
    ) -> Iterator[list[GrantRecord]]:
        """Return grants that an account, a client, or both had and that have not expired, whenever they ended.

        With `narrowed_at`, also those that shrank at that moment.
        """
        changed: ColumnElement[bool] = GrantRecord.revoked_at.is_not(None)
        if narrowed_at is not None:
            changed = or_(changed, GrantRecord.narrowed_at == narrowed_at)
        unexpired = or_(GrantRecord.expires_at.is_(None), GrantRecord.expires_at > _expired_everywhere())
        whose = of(account_id, client_id)
        return in_portions(self._database, GrantRecord, *whose, changed, unexpired, by=(GrantRecord.id,))

    def add_access_token(self, token: RevokedAccessToken) -> None:
        """Commit that a client revoked an access token, if it did not before."""
        try:
            with self._database.writing() as session:
                session.add(token)
                session.flush()
                session.add(
                    SecurityEvent(
                        kind=EventKind.ACCESS_TOKEN_REVOKED,
                        account_id=token.subject if token.subject.startswith(SUBJECT_PREFIX) else None,
                        client_id=token.client_id,
                        grant_id=token.grant_id,
                    )
                )
        except IntegrityError:
            pass  # it did

    def remove_expired(self) -> None:
        """Forget access tokens that would have expired by any machine's clock: some at a time, as fast as they come."""
        has_expired = RevokedAccessToken.expires_at < _expired_everywhere()  # another client's word may count longer
        expired = select(RevokedAccessToken.digest).where(has_expired)
        while True:
            with self._database.reading() as session:
                gone = list(session.scalars(expired.limit(AT_ONCE)))
            if gone:
                with self._database.writing() as session:
                    session.execute(delete(RevokedAccessToken).where(RevokedAccessToken.digest.in_(gone), has_expired))
            if len(gone) < AT_ONCE:
                return

    def _newest_first(
        self,
        table: type[Base],
        when: InstrumentedAttribute[Any],
        name: InstrumentedAttribute[str],
        since: datetime | None,
        condition: ColumnElement[bool],
    ) -> Iterator[list[Any]]:
        oldest = since - CLOCKS_AGREE_WITHIN if since else _LONG_AGO
        return in_portions(self._database, table, when >= oldest, condition, by=(when, name), descending=True)


def _expired_everywhere() -> datetime:
    return now() - CLOCKS_AGREE_WITHIN
