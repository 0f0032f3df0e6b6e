"""The authorization server signs with a key pair, from a certain time on."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now


class SigningKey(Base):
    """It is one of the ring. Its neighbours in the same algorithm tell when it signs and how long it is published."""

    __tablename__ = "signing_keys"
    __table_args__ = (UniqueConstraint("algorithm", "generation"),)

    kid: Mapped[str] = mapped_column(String(43), primary_key=True)
    """It is its thumbprint (RFC 7638)."""
    algorithm: Mapped[str] = mapped_column(String(10))
    generation: Mapped[int]
    """It counts up within an algorithm: of two processes that add a key at the same time, one is refused."""
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    wrapped_private_key: Mapped[str] = mapped_column(Text)
    """It is encrypted; see `shared/service/key_wrapping.py`."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    signs_from: Mapped[datetime] = mapped_column(UtcDateTime)
