"""What is to be mailed waits in SQL until a worker has handed it to the mail server."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now

NOBODY = ""
"""A message to this address is written and never sent: so what happens for a name that nobody has costs the same."""


class MailKind(StrEnum):
    """A message has one of these texts, which `workers/mail_texts.py` holds."""

    NEW_PASSWORD = "new_password"
    """Somebody forgot their password."""
    INVITATION = "invitation"
    """An operator made an account, or lets somebody choose another password."""
    REGISTRATION = "registration"
    """Somebody wants an account."""
    ADDRESS_IN_USE = "address_in_use"
    """Somebody wants one with an address that an account has already."""
    NEW_ADDRESS = "new_address"
    """A person wants to have this address from now on."""
    PASSWORD_CHANGED = "password_changed"
    EMAIL_CHANGED = "email_changed"
    """It goes to the address before."""
    CREDENTIAL_REUSED = "credential_reused"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    AUTHENTICATOR_ADDED = "authenticator_added"
    AUTHENTICATOR_REMOVED = "authenticator_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    SECOND_FACTOR_RESET = "second_factor_reset"


class QueuedMail(Base):
    """A message has an address, a text, and what the text names, of which a part may be a secret."""

    __tablename__ = "queued_mails"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(254), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    sealed: Mapped[str] = mapped_column(Text)
    """What the text names, encrypted: a link opens an account, and a backup of the database should not."""
    language: Mapped[str | None] = mapped_column(String(35))
    """It is written in this one; None, in rows of a release before, is English."""
    account_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """It is of no use any more."""
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(String(16))
    """A worker sends it, under this name, until it is due again."""
