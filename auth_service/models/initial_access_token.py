"""An operator hands this token to somebody who shall register clients (RFC 7591 §1.2)."""

import secrets
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now


class InitialAccessToken(Base):
    """It is good for so many registrations until a date."""

    __tablename__ = "initial_access_tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: secrets.token_hex(8))
    """The command line and security events call it so. That is of no use to anybody who wants to register."""
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    uses_left: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
