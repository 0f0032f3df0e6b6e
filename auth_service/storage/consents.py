"""Consents are remembered in SQL, and people take back what they allowed."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from auth_service.models.base import now
from auth_service.models.consent import Consent
from auth_service.models.withdrawal import Withdrawal
from auth_service.storage.database import Database
from shared.service.sql_database import upsert


class ConsentStore:
    """It knows which scopes a person has allowed a client before, within `lifetime` seconds."""

    def __init__(self, database: Database, lifetime: int) -> None:
        self._database = database
        self._lifetime = timedelta(seconds=lifetime)

    def scopes(self, account_id: str, client_id: str) -> set[str]:
        """Return the scopes that need not be asked for again."""
        with self._database.reading() as session:
            query = select(Consent.scope).where(
                Consent.account_id == account_id,
                Consent.client_id == client_id,
                Consent.given_at > now() - self._lifetime,
            )
            return set(session.scalars(query))

    def withdrawals(self, account_id: str, client_id: str) -> int:
        """Count how often this person took something back from this client: ask before anything else is looked at."""
        with self._database.reading() as session:
            return withdrawals(session, account_id, client_id)


def withdrawals(session: Session, account_id: str, client_id: str) -> int:
    """Count the same within a transaction."""
    found = session.get(Withdrawal, (account_id, client_id))
    return found.times if found else 0


def forget(session: Session, account_id: str, client_id: str, scopes: Collection[str] | None = None) -> bool:
    """Within a transaction, remember no longer that these scopes, or any, were allowed; whether one was."""
    remembered = delete(Consent).where(Consent.account_id == account_id, Consent.client_id == client_id)
    forgotten = remembered if scopes is None else remembered.where(Consent.scope.in_(scopes))
    return session.scalars(forgotten.returning(Consent.scope)).first() is not None


def count_withdrawal(session: Session, account_id: str, client_id: str) -> None:
    """Within a transaction that holds the account's row: whoever was asked before has decided nothing."""
    first = upsert(session, Withdrawal).values(account_id=account_id, client_id=client_id, times=1)
    again = {"times": Withdrawal.times + 1}
    session.execute(first.on_conflict_do_update(index_elements=["account_id", "client_id"], set_=again))


def remember(session: Session, account_id: str, client_id: str, scopes: Collection[str]) -> None:
    """Within a transaction, add scopes to those that were allowed, or note that they were allowed again just now."""
    at = now()
    for scope in scopes:
        given = upsert(session, Consent).values(account_id=account_id, client_id=client_id, scope=scope, given_at=at)
        key = ["account_id", "client_id", "scope"]
        session.execute(given.on_conflict_do_update(index_elements=key, set_={"given_at": at}))
