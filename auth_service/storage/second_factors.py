"""Authenticator apps and recovery codes are in SQL. Which code is right, `protocol/factors/second_factors.py` says."""

import logging
from collections.abc import Collection

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from auth_service.models.account import Account
from auth_service.models.base import now
from auth_service.models.factor import Authenticator, Passkey, RecoveryCode
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.accounts import holds_session
from auth_service.storage.database import Database
from auth_service.storage.notices import Notices
from auth_service.storage.portions import in_portions
from shared.service.key_wrapping import KeyWrapping

_log = logging.getLogger(__name__)


class SecondFactorStore:
    """It keeps secrets encrypted, and of recovery codes only digests."""

    def __init__(self, database: Database, wrapping: KeyWrapping, notices: Notices) -> None:
        self._database = database
        self._wrapping = wrapping
        self._notices = notices

    def find(self, account_id: str) -> Authenticator | None:
        """Return the authenticator app of an account: one that has it is not signed in by a password alone."""
        with self._database.reading() as session:
            return session.get(Authenticator, account_id)

    def codes_left(self, account_id: str) -> int:
        """Count the recovery codes that were not used."""
        with self._database.reading() as session:
            return _codes_left(session, account_id)

    def wrap(self, secret: str) -> str:
        """Encrypt a secret."""
        return self._wrapping.wrap(secret.encode())

    def unwrap(self, wrapped: str) -> str | None:
        """Return a secret; None if the key that it was encrypted with has left the ring."""
        secret = self._wrapping.unwrap(wrapped)
        if secret is None:
            _log.error("the secret of an authenticator app can't be read: its key has left AUTH_TOKEN_KEYS")
        return secret.decode() if secret is not None else None

    def add(self, account: Account, secret: str, step: int, code_digests: Collection[str]) -> bool:
        """Commit an authenticator app, of which a code of this time step was taken, and recovery codes.

        False, and nothing was added, if the account has one already or the sessions of its epoch have ended.
        """
        with self._database.writing() as session:
            if not holds_session(session, account) or session.get(Authenticator, account.id) is not None:
                return False
            session.add(Authenticator(account_id=account.id, wrapped_secret=self.wrap(secret), last_step=step))
            _replace_codes(session, account.id, code_digests)
            self._notices.record(session, SecurityEvent(kind=EventKind.AUTHENTICATOR_ADDED, account_id=account.id))
            return True

    def use_step(self, authenticator: Authenticator, step: int) -> bool:
        """Take a code of this time step, unless one of it or of a later one was taken before (RFC 6238 §5.2).

        Of two that try at once, one hears yes. A secret under an older key is encrypted anew.
        """
        whose = (Authenticator.account_id == authenticator.account_id, Authenticator.last_step < step)
        same = Authenticator.wrapped_secret == authenticator.wrapped_secret
        new = {"last_step": step, "last_used_at": now(), **self._anew(authenticator)}
        used = update(Authenticator).where(*whose, same).values(new)
        with self._database.writing() as session:
            return session.scalar(used.returning(Authenticator.account_id)) is not None

    def use_recovery_code(self, account_id: str, digest: str) -> bool:
        """Take a recovery code, which then is gone: of two that try at once, one hears yes."""
        of_account = (RecoveryCode.account_id == account_id, RecoveryCode.digest == digest)
        with self._database.writing() as session:
            if session.scalar(delete(RecoveryCode).where(*of_account).returning(RecoveryCode.digest)) is None:
                return False
            event = SecurityEvent(kind=EventKind.RECOVERY_CODE_USED, account_id=account_id)
            self._notices.record(session, event, left=str(_codes_left(session, account_id)))
            return True

    def replace_codes(self, account: Account, code_digests: Collection[str]) -> bool:
        """Commit new recovery codes in place of all earlier ones. False if the account has no authenticator app."""
        with self._database.writing() as session:
            if not holds_session(session, account) or session.get(Authenticator, account.id) is None:
                return False
            _replace_codes(session, account.id, code_digests)
            self._notices.record(session, SecurityEvent(kind=EventKind.RECOVERY_CODES_MADE, account_id=account.id))
            return True

    def remove(self, account_id: str) -> bool:
        """Forget an authenticator app and its recovery codes. False if there was none."""
        with self._database.writing() as session:
            if not _forget(session, account_id):
                return False
            self._notices.record(session, SecurityEvent(kind=EventKind.AUTHENTICATOR_REMOVED, account_id=account_id))
            return True

    def reset(self, account_id: str) -> None:
        """Forget everything by which the person signs in beside the password, passkeys too."""
        with self._database.writing() as session:
            _forget(session, account_id)
            session.execute(delete(Passkey).where(Passkey.account_id == account_id))
            self._notices.record(session, SecurityEvent(kind=EventKind.SECOND_FACTOR_RESET, account_id=account_id))

    def renew_secrets(self) -> tuple[int, int]:
        """Encrypt each secret with the first key that is not yet. Returns how many were, and how many can't be read."""
        renewed = lost = 0
        for portion in in_portions(self._database, Authenticator, by=(Authenticator.account_id,)):
            for app in portion:
                if self._wrapping.is_newest(app.wrapped_secret):
                    continue
                if new := self._anew(app):
                    same = (
                        Authenticator.account_id == app.account_id,
                        Authenticator.wrapped_secret == app.wrapped_secret,
                    )
                    with self._database.writing() as session:
                        session.execute(update(Authenticator).where(*same).values(new))
                renewed, lost = renewed + bool(new), lost + (not new)
        return renewed, lost

    def _anew(self, authenticator: Authenticator) -> dict[str, str]:
        if self._wrapping.is_newest(authenticator.wrapped_secret):
            return {}
        secret = self.unwrap(authenticator.wrapped_secret)
        return {"wrapped_secret": self.wrap(secret)} if secret is not None else {}


def _codes_left(session: Session, account_id: str) -> int:
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.account_id == account_id)
    return session.scalar(query) or 0


def _replace_codes(session: Session, account_id: str, code_digests: Collection[str]) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    session.add_all(RecoveryCode(account_id=account_id, digest=digest) for digest in code_digests)


def _forget(session: Session, account_id: str) -> bool:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    removed = delete(Authenticator).where(Authenticator.account_id == account_id).returning(Authenticator.account_id)
    return session.scalar(removed) is not None
