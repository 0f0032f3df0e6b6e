"""Every table shares the declarative base and these column types, which mean one thing everywhere."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from shared.service.sql_tables import named_constraints

CLIENT_ID = String(255).with_variant(String(64), "sqlite")
"""A client's id may be the address of a document. SQLite holds no text to a length: there it kept its own."""


class UtcDateTime(TypeDecorator[datetime]):
    """It is an instant. SQLite stores no offset, so it is put in UTC on the way in and marked as UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC. An instant without an offset is a programming error, not a local time."""
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs an offset")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it in UTC, always."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_TEXTS_KNOWN = 1_000


class Words(TypeDecorator[tuple[str, ...]]):
    """It is a set of words (scopes, addresses, grant types) in a stable order."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> list[str] | None:
        """Make a list: JSON knows no tuples."""
        return list(value) if value is not None else None

    def process_result_value(self, value: list[str] | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Return a tuple, so that nobody changes a loaded row in place."""
        return tuple(value) if value is not None else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], tuple[str, ...] | None] | None:
        """Return what reads a row's value. Where that is text, as on SQLite, the same is read once: few differ."""
        read = super().result_processor(dialect, coltype)
        assert read is not None  # of a type with process_result_value
        known = lru_cache(_TEXTS_KNOWN)(read)
        return lambda value: known(value) if isinstance(value, str) else read(value)


class Base(DeclarativeBase):
    """All tables are based on this."""

    metadata = named_constraints()


def now() -> datetime:
    """Return the present instant. SQL records are for people; token lifetimes follow Redis' clock instead."""
    return datetime.now(UTC)
