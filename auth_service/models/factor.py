"""A person can prove who they are by these, beside their password."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now

MOST_PASSKEYS = 20
"""An account has at most so many."""
LONGEST_NAME = 60
"""A person calls a passkey something of at most so many characters."""


class Passkey(Base):
    """It is a public key, whose private half an authenticator has (Web Authentication)."""

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    credential_digest: Mapped[str] = mapped_column(String(43), unique=True)
    credential_id: Mapped[str] = mapped_column(Text)
    """It is in base64url: up to 1023 bytes that the authenticator chose."""
    public_key: Mapped[str] = mapped_column(Text)
    """It is in base64url, as COSE has it (RFC 9053)."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """So often the authenticator had signed when it was last used; 0 if it doesn't count."""
    synced: Mapped[bool]
    """The authenticator says that the key may be on several devices."""
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Authenticator(Base):
    """It is an app that shows one-time codes (RFC 6238), of which each account has at most one."""

    __tablename__ = "authenticators"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    wrapped_secret: Mapped[str] = mapped_column(Text)
    """It is encrypted; see `shared/service/key_wrapping.py`."""
    last_step: Mapped[int] = mapped_column(BigInteger)
    """The last code that was taken is of this time step: none of it or of an earlier one is taken again (§5.2)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """It stands in for the authenticator app, once: then its row goes."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(43), primary_key=True)
