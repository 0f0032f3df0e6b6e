"""Whoever has a link chooses a password: they forgot theirs, were invited, or want an account.

What happens for a name or an address that nobody has is the same work as for one that somebody has: the same
statements, of which the rows are of use to nobody. Otherwise the time an answer takes would tell them apart.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy import exists, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth_service.models.account import Account, normalised_email, normalised_name
from auth_service.models.base import now
from auth_service.models.grant import GrantRecord
from auth_service.models.one_time_link import FOR_PASSWORDS, LIFETIMES, LinkPurpose, OneTimeLink
from auth_service.models.password import normalised_password
from auth_service.models.queued_mail import NOBODY, MailKind
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.accounts import NEXT_EPOCH, hash_of_nothing
from auth_service.storage.database import Database
from auth_service.storage.errors import AlreadyExistsError
from auth_service.storage.grant_records import mark_revoked
from auth_service.storage.mail_queue import MailQueue
from auth_service.storage.notices import Notices
from auth_service.storage.one_time_links import find_link, make_link, spend_link

MOST_OF_ONE_ADDRESS = 5
"""Of accounts that share an address, so many get a link."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An operator made a link."""

    account: Account
    token: str | None
    """It is None if the link was mailed: then nobody else knows it."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever has the link chooses the password of this account."""

    username: str
    is_new: bool
    """The account is made with the password."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A password was stored."""

    account_id: str
    ended_at: datetime
    """The grants of the account ended then."""


class PasswordLinks:
    """It makes these links, and spends them. Whether an attempt is allowed at all, `throttle.py` says."""

    def __init__(self, database: Database, hasher: PasswordHasher, mail: MailQueue, notices: Notices) -> None:
        self._database = database
        self._hasher = hasher
        self._mail = mail
        self._notices = notices
        self._nobodys_hash = hash_of_nothing(hasher)

    def forgotten(self, typed: str) -> list[str]:
        """Mail a link to whoever has this user name or confirmed address. Returns their `sub`s; nobody else may see."""
        with self._database.writing() as session:
            people = self._reachable(session, typed)
            for account in people or (None,):
                token = make_link(session, LinkPurpose.NEW_PASSWORD, account)
                particulars = {"username": account.username if account else typed, "token": token}
                to, whose = (str(account.email), account.id) if account else (NOBODY, None)
                lifetime = LIFETIMES[LinkPurpose.NEW_PASSWORD]
                self._mail.add(session, MailKind.NEW_PASSWORD, to, particulars, lifetime, whose)
            return [account.id for account in people]

    def invite(self, username: str, email: str | None, lifetime: timedelta, language: str | None = None) -> Invitation:
        """Make a link with which an account's password is chosen, and the account, if there is none of this name.

        It is mailed where there is a mail server, if an address is given, which is the account's and confirmed when the
        link was followed. The person reads `language`, if somebody says so.
        """
        username = normalised_name(username)
        with self._database.writing() as session:
            account = session.scalar(select(Account).where(Account.username == username).with_for_update())
            if account is None:
                account = Account(username=username, password_hash=self._nobodys_hash, email=email)
                session.add(account)
                session.flush()
                session.add(SecurityEvent(kind=EventKind.ACCOUNT_CREATED, account_id=account.id))
            account.language = language or account.language
            is_mailed = self._mail.is_sent and email is not None
            to = email if is_mailed else None
            token = make_link(session, LinkPurpose.INVITATION, account, email=to, lifetime=lifetime)
            if to is not None:
                particulars = {"username": username, "token": token, "until": (now() + lifetime).isoformat()}
                whose = (account.id, account.language)
                self._mail.add(session, MailKind.INVITATION, to, particulars, lifetime, *whose)
            session.add(SecurityEvent(kind=EventKind.ACCOUNT_INVITED, account_id=account.id))
            return Invitation(account, None if is_mailed else token, now() + lifetime)

    def register(self, username: str, email: str) -> str | None:
        """Mail a link to who wants an account of this name, which is made when the link was followed.

        To an address that an account has, it is mailed that somebody wants another one. Returns the `sub` of that
        account, which nobody else may see. Raises AlreadyExistsError if the name is taken.
        """
        lifetime = LIFETIMES[LinkPurpose.REGISTRATION]
        with self._database.writing() as session:
            if session.scalar(select(exists().where(Account.username == username))):
                raise AlreadyExistsError(f"there is already an account named {username}")
            token = make_link(session, LinkPurpose.REGISTRATION, username=username, email=email)
            confirmed = (Account.email == email, Account.email_verified)
            owner = session.scalars(select(Account).where(*confirmed).limit(1)).first()
            kind = MailKind.REGISTRATION if owner is None else MailKind.ADDRESS_IN_USE
            particulars = {"token": token} if owner is None else {"username": owner.username}
            self._mail.add(session, kind, email, particulars, lifetime, owner.id if owner else None)
            return owner.id if owner else None

    def owner(self, token: str) -> Owner | None:
        """Say whose password is chosen with a link; None if it can't be used. This spends nothing."""
        with self._database.reading() as session:
            link = find_link(session, token, FOR_PASSWORDS)
            if link is None:
                return None
            if link.account_id is None:
                return Owner(str(link.username), is_new=True)
            return Owner(session.get_one(Account, link.account_id).username, is_new=False)

    def choose(self, token: str, password: str) -> Chosen | None:
        """Spend a link and store the password; end every browser session and every grant of the account.

        None, and nothing was changed, if the link can't be used, or somebody was faster. Raises AlreadyExistsError if
        it is for a name that somebody else took meanwhile.
        """
        password_hash = self._hasher.hash(normalised_password(password))
        try:
            with self._database.writing() as session:
                link = spend_link(session, token, FOR_PASSWORDS)
                if link is None:
                    return None
                if link.account_id is None:
                    return _make(session, link, password_hash)
                return self._store(session, link, password_hash)
        except IntegrityError:
            raise AlreadyExistsError("somebody else has an account of this name since") from None

    def _store(self, session: Session, link: OneTimeLink, password_hash: str) -> Chosen | None:
        whose = (Account.id == link.account_id, Account.session_epoch == link.session_epoch)
        proven = {} if link.email is None else {"email": link.email, "email_verified": True}
        new = {"password_hash": password_hash, **NEXT_EPOCH, **proven}
        changed = update(Account).where(*whose, Account.disabled_at.is_(None)).values(new)
        account_id = session.scalar(changed.returning(Account.id))
        if account_id is None:
            return None
        event = SecurityEvent(kind=EventKind.PASSWORD_RESET, account_id=account_id, detail=link.purpose)
        self._notices.record(session, event)
        _, ended_at = mark_revoked(session, GrantRecord.account_id == account_id, RevokedBecause.PASSWORD_CHANGED)
        return Chosen(account_id, ended_at)

    def _reachable(self, session: Session, typed: str) -> list[Account]:
        named = Account.username.in_({typed, normalised_name(typed)})
        addressed = Account.email.in_({typed, normalised_email(typed)})
        confirmed = (Account.email_verified, Account.disabled_at.is_(None))
        query = select(Account).where(or_(named, addressed), *confirmed)
        return list(session.scalars(query.order_by(Account.id).limit(MOST_OF_ONE_ADDRESS)))


def _make(session: Session, link: OneTimeLink, password_hash: str) -> Chosen:
    account = Account(username=link.username, password_hash=password_hash, email=link.email, email_verified=True)
    session.add(account)
    session.flush()
    session.add(SecurityEvent(kind=EventKind.ACCOUNT_CREATED, account_id=account.id))
    return Chosen(account.id, now())
