"""Remembered consents, in SQL."""

from sqlalchemy import select

from auth_service.models.consent import Consent
from auth_service.storage.database import Database


class ConsentStore:
    """Which scopes a person has allowed a client before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def scopes(self, account_id: str, client_id: str) -> set[str]:
        """The scopes that need not be asked for again."""
        with self._database.reading() as session:
            query = select(Consent.scope).where(Consent.account_id == account_id, Consent.client_id == client_id)
            return set(session.scalars(query))

    def remember(self, account_id: str, client_id: str, scopes: tuple[str, ...]) -> None:
        """Add scopes to those that were allowed."""
        with self._database.writing() as session:
            for scope in scopes:
                session.merge(Consent(account_id=account_id, client_id=client_id, scope=scope))
