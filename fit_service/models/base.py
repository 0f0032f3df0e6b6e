"""All tables have this base, and store instants alike."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import DeclarativeBase

from shared.service.sql_tables import named_constraints

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Base(DeclarativeBase):
    """It is the base of all tables."""

    metadata = named_constraints()


def to_microseconds(instant: datetime) -> int:
    """Return an instant as it is stored."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_microseconds(stored: int) -> datetime:
    """Return the instant that was stored."""
    return _EPOCH + timedelta(microseconds=stored)
