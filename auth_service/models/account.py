"""The person: `Account` here, resource owner in protocol code, `sub` on the wire."""

import secrets
import unicodedata
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now
from auth_service.models.language import gettext_noop

SUBJECT_PREFIX = "acct_"
"""No client id may begin so: a client can never be taken for a person (RFC 9700 §4.15)."""


def new_subject() -> str:
    """Make a fresh `sub`, which is never reused."""
    return SUBJECT_PREFIX + secrets.token_urlsafe(16)


def normalised_name(typed: str) -> str:
    """Return a user name as it is stored and compared: without blanks around, and in one of its many spellings (NFKC).

    What looks the same is the same: a wide or a composed letter, a blank that a keyboard added.
    """
    return unicodedata.normalize("NFKC", typed).strip()


def name_problem(username: str) -> str | None:
    """Say what speaks against a normalised user name; None if nothing does."""
    if not 1 <= len(username) <= 64 or not username.isprintable():
        return gettext_noop("A user name has 1 to 64 printable characters.")
    return None


def normalised_email(typed: str) -> str:
    """Return an e-mail address as it is stored and compared: no mail system of our time tells capitals apart."""
    return typed.strip().lower()


class Account(Base):
    """Somebody has an account to sign in and own resources."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(64), primary_key=True, default=new_subject)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    session_epoch: Mapped[int] = mapped_column(default=0)
    """Browser sessions begun under another epoch have ended."""
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    """An operator says that it is the person's address; None: nobody said."""
    email_verified: Mapped[bool] = mapped_column(default=False)
    """Somebody made sure that what is sent there reaches the person."""
    language: Mapped[str | None] = mapped_column(String(35))
    """The page on which they signed in last spoke it (BCP 47), or an operator says that they read it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """It was deleted then, and disabled with it. After a while it is erased, unless an operator restores it."""

    @property
    def enabled(self) -> bool:
        """It says whether the person may sign in and their grants may work."""
        return self.disabled_at is None
