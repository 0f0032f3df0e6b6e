"""Remembered consents, in SQL."""

from datetime import timedelta

from sqlalchemy import select

from auth_service.models.base import now
from auth_service.models.consent import Consent
from auth_service.storage.database import Database


class ConsentStore:
    """Which scopes a person has allowed a client before, within `lifetime` seconds."""

    def __init__(self, database: Database, lifetime: int) -> None:
        self._database = database
        self._lifetime = timedelta(seconds=lifetime)

    def scopes(self, account_id: str, client_id: str) -> set[str]:
        """The scopes that need not be asked for again."""
        with self._database.reading() as session:
            query = select(Consent.scope).where(
                Consent.account_id == account_id,
                Consent.client_id == client_id,
                Consent.given_at > now() - self._lifetime,
            )
            return set(session.scalars(query))

    def remember(self, account_id: str, client_id: str, scopes: tuple[str, ...]) -> None:
        """Add scopes to those that were allowed, or note that they were allowed again just now."""
        with self._database.writing() as session:
            for scope in scopes:
                session.merge(Consent(account_id=account_id, client_id=client_id, scope=scope, given_at=now()))
