"""Answers that are kept for repetitions of their requests."""

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fit_service.models.base import Base


class KeptAnswer(Base):
    """A row is the answer to a request that carried an `Idempotency-Key`, to be repeated until it expires."""

    __tablename__ = "kept_answers"
    __table_args__ = (Index("ix_kept_answers_expires_at", "expires_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """It is a digest of person, client and key."""
    request: Mapped[str] = mapped_column(String(64))
    """It is a digest of what was asked for."""
    expires_at: Mapped[int] = mapped_column(BigInteger)
    """It is kept until then, in microseconds since 1970 in UTC."""
    status: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(String(255))
    etag: Mapped[str | None] = mapped_column(String(64))
