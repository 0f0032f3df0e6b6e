"""A key pair with which the authorization server signs, and from when on it does."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now


class SigningKey(Base):
    """One of the ring. When it signs and how long it is published is told by its neighbours in the same algorithm."""

    __tablename__ = "signing_keys"
    __table_args__ = (UniqueConstraint("algorithm", "generation"),)

    kid: Mapped[str] = mapped_column(String(43), primary_key=True)
    """Its thumbprint (RFC 7638)."""
    algorithm: Mapped[str] = mapped_column(String(10))
    generation: Mapped[int]
    """Counts up within an algorithm: of two processes that add a key at the same time, one is refused."""
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    wrapped_private_key: Mapped[str] = mapped_column(Text)
    """Encrypted; see `shared/service/key_wrapping.py`."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    signs_from: Mapped[datetime] = mapped_column(UtcDateTime)
