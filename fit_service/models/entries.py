"""Entries, what is left of deleted ones, and how their changes are numbered."""

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from fit_service.models.base import CLIENT_ID, Base


class _RecordColumns:
    """An app itself calls an entry so; None: it said nothing."""

    client_id: Mapped[str | None] = mapped_column(CLIENT_ID)
    """It is this app's name for the entry."""
    client_record_id: Mapped[str | None] = mapped_column(String(128))
    client_record_version: Mapped[int | None] = mapped_column(BigInteger)


class _EntryColumns(_RecordColumns):
    """An entry is kept in these columns. It belongs to the `sub` of the token with which it was inserted."""

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64))
    thousandths: Mapped[int] = mapped_column(BigInteger)
    """The amount is kept in thousandths of its unit, exactly, which every database can add up."""
    unit: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[int] = mapped_column(BigInteger)
    """It is in microseconds since 1970 in UTC: exact, and ordered alike on every database."""
    change: Mapped[int] = mapped_column(BigInteger)
    """The change that made the entry what it is now has this number, among all changes of this person."""
    utc_offset: Mapped[int | None]
    """By so many minutes local time was ahead of UTC where and when it was weighed; None: unknown."""
    origin: Mapped[str | None] = mapped_column(String(8))
    stored_at: Mapped[int | None] = mapped_column(BigInteger)
    """It was inserted here then, in microseconds since 1970 in UTC; None: before that was noted."""
    modified_at: Mapped[int | None] = mapped_column(BigInteger)
    """It was changed last then, in the same unit; None: before that was noted."""
    changed_by: Mapped[str | None] = mapped_column(CLIENT_ID)
    """This client made the change; None: an operator, or before that was noted."""


def _index_of_records(name: str, *, unique: bool) -> Index:
    """Make an index by app and its own id, of those that have one."""
    has_one = text("client_record_id IS NOT NULL")
    columns = ("subject", "client_id", "client_record_id")
    return Index(name, *columns, unique=unique, sqlite_where=has_one, postgresql_where=has_one)


class BodyWeight(_EntryColumns, Base):
    """A row is one entry."""

    __tablename__ = "body_weights"
    __table_args__ = (
        Index("ix_body_weights_page", "subject", "created_at", "id"),
        Index("ix_body_weights_change", "subject", "change"),
        _index_of_records("ix_body_weights_record", unique=True),
    )


class StagedEntry(_EntryColumns, Base):
    """A row is an entry of an import that nobody sees yet (`storage/staged_imports.py`)."""

    __tablename__ = "staged_entries"

    import_id: Mapped[str] = mapped_column(String(32), index=True)
    """It begins with the moment at which the import began, in microseconds since 1970, in hexadecimal digits."""


class DeletedEntry(_RecordColumns, Base):
    """A row is a tombstone, which tells apps that read changes only that an entry is gone.

    Of the entry nothing is kept but what its app called it, so that what was sent before doesn't bring it back.
    """

    __tablename__ = "deleted_entries"
    __table_args__ = (
        Index("ix_deleted_entries_age", "subject", "deleted_at"),
        _index_of_records("ix_deleted_entries_record", unique=False),
    )

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    change: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[str] = mapped_column(String(32))
    deleted_at: Mapped[int] = mapped_column(BigInteger)
    """It was deleted then, in microseconds since 1970 in UTC."""
    changed_by: Mapped[str | None] = mapped_column(CLIENT_ID)
    """This client deleted it; None: before that was noted."""


class ChangeCounter(Base):
    """A row counts the changes of a person's entries. Whoever changes one holds it until the commit."""

    __tablename__ = "change_counters"

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_change: Mapped[int] = mapped_column(BigInteger)
    forgotten: Mapped[int] = mapped_column(BigInteger)
    """The tombstone of this change was the last that was removed for its age; 0 if none was."""


class DatabaseEpoch(Base):
    """The one row, which migrations insert, says where the numbers of changes begin (`storage/database_epoch.py`)."""

    __tablename__ = "database_epoch"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)
    is_behind: Mapped[bool]
    """If true, changes are missing that were there, so that nothing may be changed until a new epoch begins."""
