"""The tables of the Fit API, without any reading or writing."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Index, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of all tables; constraints get names, so that migrations can change them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        }
    )


class BodyWeight(Base):
    """One entry. It belongs to the `sub` of the token with which it was inserted."""

    __tablename__ = "body_weights"
    __table_args__ = (Index("ix_body_weights_page", "subject", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64))
    amount: Mapped[str] = mapped_column(String(20))
    """A decimal, as text: no database rounds it."""
    unit: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[int] = mapped_column(BigInteger)
    """Microseconds since 1970 in UTC: exact, and ordered alike on every database."""


def to_microseconds(instant: datetime) -> int:
    """How an instant is stored."""
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
