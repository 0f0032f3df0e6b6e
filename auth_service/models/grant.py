"""What one consent gave birth to has a durable record, for people and for revocation."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, Words, now


class GrantRecord(Base):
    """A part of a grant is never lost: who allowed which client what, until when, and whether it was ended.

    Its hot state lives in Redis (`storage/grants.py`). A client's own grant, of its client-credentials tokens, has no
    account.
    """

    __tablename__ = "grants"
    __table_args__ = (Index(None, "account_id", "id"), Index(None, "client_id", "id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id"))
    scopes: Mapped[tuple[str, ...]] = mapped_column(Words)
    audience: Mapped[tuple[str, ...]] = mapped_column(Words)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """It is None for a client's own grant, which lasts as long as its client."""
    narrowed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """Scopes were last taken from it then; `scopes` and `audience` say what is left."""
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    revoked_because: Mapped[str | None] = mapped_column(String(40))
