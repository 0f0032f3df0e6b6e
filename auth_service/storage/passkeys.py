"""Passkeys are in SQL. What an authenticator answers is verified by `protocol/factors/passkeys.py`."""

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, update

from auth_service.crypto.token_handle import token_digest
from auth_service.models.account import Account
from auth_service.models.base import now
from auth_service.models.factor import MOST_PASSKEYS, Passkey
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.accounts import holds_session
from auth_service.storage.database import Database
from auth_service.storage.errors import AlreadyExistsError
from auth_service.storage.notices import Notices


class PasskeyStore:
    """It adds, finds and removes passkeys, and notes that they were used."""

    def __init__(self, database: Database, notices: Notices) -> None:
        self._database = database
        self._notices = notices

    def of(self, account_id: str) -> list[Passkey]:
        """Return the passkeys of an account, the oldest first: at most MOST_PASSKEYS."""
        query = select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.id)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def find(self, credential_id: str) -> Passkey | None:
        """Return the passkey by the id that its authenticator chose, in base64url."""
        query = select(Passkey).where(Passkey.credential_digest == token_digest(credential_id))
        with self._database.reading() as session:
            return session.scalar(query)

    def add(self, account: Account, passkey: Passkey) -> bool:
        """Commit a new passkey of this account.

        False, and nothing was added, if it has as many as it may, or the sessions of its epoch have ended. Raises
        AlreadyExistsError if somebody has the passkey.
        """
        passkey.account_id, passkey.credential_digest = account.id, token_digest(passkey.credential_id)
        known = select(Passkey.id).where(Passkey.credential_digest == passkey.credential_digest)
        with self._database.writing() as session:
            if not holds_session(session, account):
                return False
            of_account = select(func.count()).select_from(Passkey).where(Passkey.account_id == account.id)
            if (session.scalar(of_account) or 0) >= MOST_PASSKEYS:
                return False
            if session.scalar(known) is not None:
                raise AlreadyExistsError("there is already such a passkey")
            session.add(passkey)
            session.flush()
            names = {"account_id": account.id, "detail": str(passkey.id)}
            self._notices.record(session, SecurityEvent(kind=EventKind.PASSKEY_ADDED, **names))
            return True

    def rename(self, account_id: str, passkey_id: int, name: str) -> None:
        """Call a passkey of this account something else."""
        with self._database.writing() as session:
            session.execute(update(Passkey).where(*_of_account(account_id, passkey_id)).values(name=name))

    def remove(self, account_id: str, passkey_id: int) -> bool:
        """Forget a passkey of this account. False if there was none."""
        with self._database.writing() as session:
            removed = delete(Passkey).where(*_of_account(account_id, passkey_id)).returning(Passkey.id)
            if session.scalar(removed) is None:
                return False
            names = {"account_id": account_id, "detail": str(passkey_id)}
            self._notices.record(session, SecurityEvent(kind=EventKind.PASSKEY_REMOVED, **names))
            return True

    def use(self, passkey: Passkey, sign_count: int) -> bool:
        """Note that a passkey signed, and how often its authenticator says that it had.

        False, and only an event was committed, if the count did not rise: there may be a copy of the key (Web
        Authentication §6.1.1). One that does not count says 0 each time. Also False if it was removed meanwhile.
        """
        rises = or_(Passkey.sign_count < sign_count, and_(Passkey.sign_count == 0, literal(sign_count == 0)))
        used = update(Passkey).where(Passkey.id == passkey.id, rises).values(sign_count=sign_count, last_used_at=now())
        with self._database.writing() as session:
            if session.scalar(used.returning(Passkey.id)) is not None:
                return True
            if session.get(Passkey, passkey.id) is not None:
                names = {"account_id": passkey.account_id, "detail": str(passkey.id)}
                session.add(SecurityEvent(kind=EventKind.PASSKEY_COUNT_FELL, **names))
            return False


def _of_account(account_id: str, passkey_id: int) -> tuple[ColumnElement[bool], ...]:
    return Passkey.id == passkey_id, Passkey.account_id == account_id
