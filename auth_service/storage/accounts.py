"""Accounts are in SQL, with their passwords hashed by argon2id."""

import base64
from collections.abc import Iterator
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import case, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth_service.models.account import Account, normalised_name
from auth_service.models.acting import acting
from auth_service.models.base import now
from auth_service.models.consent import Consent
from auth_service.models.grant import GrantRecord
from auth_service.models.one_time_link import LinkPurpose
from auth_service.models.password import normalised_password
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.database import Database
from auth_service.storage.errors import AlreadyExistsError, NotFoundError
from auth_service.storage.grant_records import mark_revoked
from auth_service.storage.notices import Notices
from auth_service.storage.one_time_links import forget_links
from auth_service.storage.portions import in_portions


def hash_of_nothing(hasher: PasswordHasher) -> str:
    """Make a hash that no password has and that takes as long to verify as any of this hasher's; this takes no time."""
    salt, digest = (
        base64.b64encode(bytes(length)).rstrip(b"=").decode() for length in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


def set_address(session: Session, account: Account, email: str | None, *, verified: bool, notices: Notices) -> None:
    """Within a transaction, give an account another address. The one before is told, if it was confirmed."""
    before = account.email if account.email_verified and account.email != email else None
    account.email, account.email_verified = email, verified
    forget_links(session, account.id, LinkPurpose.NEW_PASSWORD, LinkPurpose.NEW_ADDRESS)
    event = SecurityEvent(kind=EventKind.EMAIL_CHANGED, account_id=account.id)
    if before is None:
        session.add(event)
    else:
        notices.record(session, event, to=before)


NEXT_EPOCH = {"session_epoch": Account.session_epoch + 1}
"""The database counts: of two that end sessions at once, each ends those that began before it."""


def holds_session(session: Session, account: Account) -> bool:
    """Within a transaction that writes, say whether sessions of the account's epoch hold. Who ends them waits."""
    same = (Account.id == account.id, Account.session_epoch == account.session_epoch, Account.disabled_at.is_(None))
    return session.scalar(select(Account.id).where(*same).with_for_update()) is not None


class AccountStore:
    """It reads and writes accounts. Whether an attempt is allowed at all, `throttle.py` says."""

    def __init__(self, database: Database, hasher: PasswordHasher, notices: Notices) -> None:
        self._database = database
        self._hasher = hasher
        self._notices = notices
        self._nobodys_hash = hash_of_nothing(hasher)
        """Verified for unknown names, so that the answer takes as long as for a known one (ASVS 6.3.8)."""

    def create(self, username: str, password: str) -> Account:
        """Create an account with a `sub` that nobody ever had. Raises AlreadyExistsError."""
        username = normalised_name(username)
        account = Account(username=username, password_hash=self._hasher.hash(normalised_password(password)))
        try:
            with self._database.writing() as session:
                session.add(account)
                session.flush()
                session.add(SecurityEvent(kind=EventKind.ACCOUNT_CREATED, account_id=account.id))
        except IntegrityError:
            raise AlreadyExistsError(f"there is already an account named {username}") from None
        return account

    def find(self, account_id: str) -> Account | None:
        """Return the account with this `sub`."""
        with self._database.reading() as session:
            return session.get(Account, account_id)

    def all(
        self, *, after: str | None = None, name_contains: str = "", disabled: bool = False
    ) -> Iterator[list[Account]]:
        """Return accounts, in portions by their `sub`: those behind `after`, with these letters in the name, disabled
        ones.
        """
        named = (Account.username.icontains(name_contains, autoescape=True),) if name_contains else ()
        can_not = (Account.disabled_at.is_not(None),) if disabled else ()
        return in_portions(self._database, Account, *named, *can_not, by=(Account.id,), after=after)

    def find_by_username(self, username: str) -> Account:
        """Return the account of this name. Raises NotFoundError."""
        account = self._named(username)
        if account is None:
            raise NotFoundError("account", username)
        return account

    def id_of(self, username: str) -> str | None:
        """Return the `sub` of the account of this name, if somebody has it."""
        account = self._named(username)
        return account.id if account is not None else None

    def authenticate(self, username: str, password: str) -> Account | None:
        """Return the enabled account with this name and password, in the same time whether or not the name exists.

        Raises TooManyPasswordsError.
        """
        account, normalised = self._named(username), normalised_password(password)
        password_hash = account.password_hash if account else self._nobodys_hash
        is_normalised = self._verify(password_hash, normalised)
        if not is_normalised and (password == normalised or not self._verify(password_hash, password)):
            return None  # a release before hashed passwords as they were typed
        if account is None or not account.enabled:
            return None
        if not is_normalised or self._hasher.check_needs_rehash(password_hash):
            self._renew_hash(account, self._hasher.hash(normalised))
        return account

    def note_sign_in(self, account: Account, how: str | None) -> None:
        """Record that the person signed in, and in which language their page was."""
        language = acting().language
        with self._database.writing() as session:
            session.add(SecurityEvent(kind=EventKind.SIGNED_IN, account_id=account.id, detail=how))
            if language is not None and language != account.language:
                session.execute(update(Account).where(Account.id == account.id).values(language=language))

    def change_password(self, account: Account, password: str) -> datetime | None:
        """Store a new password; end every browser session and every grant. Returns when the grants ended.

        None, and nothing was changed, if the sessions of the account's epoch have ended: whoever asks is signed out.
        """
        is_unchanged = (Account.session_epoch == account.session_epoch, Account.disabled_at.is_(None))
        new = {"password_hash": self._hasher.hash(normalised_password(password)), **NEXT_EPOCH}
        with self._database.writing() as session:
            changed = update(Account).where(Account.id == account.id, *is_unchanged).values(new)
            if session.scalar(changed.returning(Account.id)) is None:
                return None
            self._notices.record(session, SecurityEvent(kind=EventKind.PASSWORD_CHANGED, account_id=account.id))
            return mark_revoked(session, GrantRecord.account_id == account.id, RevokedBecause.PASSWORD_CHANGED)[1]

    def set_email(self, account_id: str, email: str | None, *, verified: bool) -> None:
        """Store an account's address, or that it has none."""
        with self._database.writing() as session:
            account = session.get_one(Account, account_id, with_for_update=True)
            set_address(session, account, email, verified=verified, notices=self._notices)

    def sign_out_everywhere(self, account_id: str) -> None:
        """End every browser session of the account. Its grants stay."""
        with self._database.writing() as session:
            session.execute(update(Account).where(Account.id == account_id).values(NEXT_EPOCH))
            session.add(SecurityEvent(kind=EventKind.SIGNED_OUT_EVERYWHERE, account_id=account_id))

    def end_other_sessions(self, account: Account) -> int | None:
        """End every browser session of the account's epoch. Returns the epoch of one that may begin in their place.

        None, and nothing was changed, if they had ended before: whoever asks is signed out.
        """
        is_unchanged = (Account.session_epoch == account.session_epoch, Account.disabled_at.is_(None))
        changed = update(Account).where(Account.id == account.id, *is_unchanged).values(NEXT_EPOCH)
        with self._database.writing() as session:
            epoch = session.scalar(changed.returning(Account.session_epoch))
            if epoch is not None:
                session.add(SecurityEvent(kind=EventKind.OTHER_SESSIONS_ENDED, account_id=account.id))
            return epoch

    def disable(self, account_id: str) -> datetime:
        """Refuse the account from now on; end every browser session and every grant. Returns when the grants ended."""
        disabled = {"disabled_at": func.coalesce(Account.disabled_at, now()), **NEXT_EPOCH}
        with self._database.writing() as session:
            session.execute(update(Account).where(Account.id == account_id).values(disabled))
            session.add(SecurityEvent(kind=EventKind.ACCOUNT_DISABLED, account_id=account_id))
            return mark_revoked(session, GrantRecord.account_id == account_id, RevokedBecause.ACCOUNT_DISABLED)[1]

    def delete(self, account: Account) -> datetime | None:
        """Disable the account and forget what was allowed, until it is erased. Returns when its grants ended.

        None, and nothing was changed, if the sessions of the account's epoch have ended, or it was deleted before.
        """
        is_unchanged = (Account.session_epoch == account.session_epoch, Account.deleted_at.is_(None))
        at = now()
        deleted = {"deleted_at": at, "disabled_at": func.coalesce(Account.disabled_at, at), **NEXT_EPOCH}
        changed = update(Account).where(Account.id == account.id, *is_unchanged).values(deleted)
        with self._database.writing() as session:
            if session.scalar(changed.returning(Account.id)) is None:
                return None
            session.execute(delete(Consent).where(Consent.account_id == account.id))
            session.add(SecurityEvent(kind=EventKind.ACCOUNT_DELETED, account_id=account.id))
            return mark_revoked(session, GrantRecord.account_id == account.id, RevokedBecause.ACCOUNT_DISABLED)[1]

    def restore(self, account_id: str) -> bool:
        """Let a deleted account be as before, but without sessions and grants; False if it isn't deleted.

        One that had been disabled before stays so.
        """
        same = case((Account.disabled_at == Account.deleted_at, None), else_=Account.disabled_at)
        restored = update(Account).where(Account.id == account_id, Account.deleted_at.is_not(None))
        with self._database.writing() as session:
            changed = restored.values(deleted_at=None, disabled_at=same).returning(Account.id)
            if session.scalar(changed) is None:
                return False
            session.add(SecurityEvent(kind=EventKind.ACCOUNT_RESTORED, account_id=account_id))
            return True

    def enable(self, account_id: str) -> None:
        """Let the account sign in again. Grants that ended stay ended."""
        with self._database.writing() as session:
            session.execute(update(Account).where(Account.id == account_id).values(disabled_at=None))
            session.add(SecurityEvent(kind=EventKind.ACCOUNT_ENABLED, account_id=account_id))

    def _named(self, typed: str) -> Account | None:
        """Return whose name this is: letter for letter, as a release before stored names, or else normalised."""
        with self._database.reading() as session:
            found = session.scalars(select(Account).where(Account.username.in_({typed, normalised_name(typed)})))
            return max(found, key=lambda account: account.username == typed, default=None)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerificationError:
            return False

    def _renew_hash(self, account: Account, password_hash: str) -> None:
        """Unless the password was changed since the account was read."""
        same = update(Account).where(Account.id == account.id, Account.password_hash == account.password_hash)
        with self._database.writing() as session:
            session.execute(same.values(password_hash=password_hash))
