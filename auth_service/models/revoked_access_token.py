"""An access token that was revoked alone is remembered until it would have expired."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import CLIENT_ID, Base, UtcDateTime, Words, now


class RevokedAccessToken(Base):
    """A Redis that comes back with older data has to be told of it again. It names a token by its digest.

    Several clients may say so of one that Redis has lost. It is ended if it comes back as that of one of them.
    """

    __tablename__ = "revoked_access_tokens"

    digest: Mapped[str] = mapped_column(String(43), primary_key=True)
    grant_id: Mapped[str] = mapped_column(String(32))
    client_id: Mapped[str] = mapped_column(CLIENT_ID, primary_key=True)
    subject: Mapped[str] = mapped_column(String(64))
    audience: Mapped[tuple[str, ...]] = mapped_column(Words)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
