"""These are the tables of the Fit API. Who reads and writes them is `storage/`."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.service.sql_tables import named_constraints


class Base(DeclarativeBase):
    """It is the base of all tables."""

    metadata = named_constraints()


class _RecordColumns:
    """What an app itself calls an entry; None: nothing."""

    client_id: Mapped[str | None] = mapped_column(String(64))
    """The app."""
    client_record_id: Mapped[str | None] = mapped_column(String(128))
    client_record_version: Mapped[int | None] = mapped_column(BigInteger)


class _EntryColumns(_RecordColumns):
    """What is kept of an entry. It belongs to the `sub` of the token with which it was inserted."""

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
    changed_by: Mapped[str | None] = mapped_column(String(64))
    """This client made the change; None: an operator, or before that was noted."""


def _index_of_records(name: str, *, unique: bool) -> Index:
    """By app and its own id, of those that have one."""
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
    """A tombstone: tells apps that read changes only that an entry is gone.

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
    """Microseconds since 1970 in UTC."""
    changed_by: Mapped[str | None] = mapped_column(String(64))
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


class KeptAnswer(Base):
    """A row is the answer to a request that carried an `Idempotency-Key`, to be repeated until it expires."""

    __tablename__ = "kept_answers"
    __table_args__ = (Index("ix_kept_answers_expires_at", "expires_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """It is a digest of person, client and key."""
    request: Mapped[str] = mapped_column(String(64))
    """It is a digest of what was asked for."""
    expires_at: Mapped[int] = mapped_column(BigInteger)
    """Microseconds since 1970 in UTC."""
    status: Mapped[int | None]
    body: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(String(255))
    etag: Mapped[str | None] = mapped_column(String(64))


class Webhook(Base):
    """A row says where an app wants to be told about one person. Its statuses are in `rules/webhooks/status.py`."""

    __tablename__ = "webhooks"
    __table_args__ = (
        Index("ix_webhooks_owner", "subject", "client_id"),
        Index("ix_webhooks_grant_id", "grant_id"),
        Index("ix_webhooks_due_at", "due_at"),
        Index("ix_webhooks_expires_at", "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    grant_id: Mapped[str] = mapped_column(String(64))
    """It is the grant of the token that registered the webhook or enabled it last."""
    url: Mapped[str] = mapped_column(String(1000))
    secret: Mapped[str] = mapped_column(String(400))
    """As it is or encrypted; see `storage/webhook_secrets.py`."""
    own_changes: Mapped[bool]
    """If true, it is also told of what its own app changed."""
    status: Mapped[str] = mapped_column(String(16))
    disabled_because: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[int] = mapped_column(BigInteger)
    """It is in microseconds since 1970 in UTC, like every other moment here."""
    doubts: Mapped[int] = mapped_column(BigInteger)
    """There had been so many when it was last confirmed that the person consents (`FeedPosition.doubts`)."""
    expires_at: Mapped[int] = mapped_column(BigInteger)
    """The status ends then."""
    last_number: Mapped[int] = mapped_column(BigInteger)
    """Its latest event has this number. Whoever adds one holds the row until the commit, so they commit in order."""
    due_at: Mapped[int | None] = mapped_column(BigInteger)
    """Its next event may be sent then; None if there is none."""
    lease: Mapped[str | None] = mapped_column(String(16))
    """The worker that holds this lease delivers to it, until `due_at`."""
    failures: Mapped[int]
    """So many attempts failed one after the other."""
    failing_since: Mapped[int | None] = mapped_column(BigInteger)
    last_failure: Mapped[str | None] = mapped_column(String(80))


class WebhookEvent(Base):
    """A row is what a webhook has still to be told, in the order of its numbers. It goes when it was delivered."""

    __tablename__ = "webhook_events"
    __table_args__ = (Index("ix_webhook_events_created_at", "created_at"),)

    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)


class WebhookTotal(Base):
    """A row counts the attempts that ended in one way, ever and at all workers together, for metrics."""

    __tablename__ = "webhook_totals"

    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    attempts: Mapped[int] = mapped_column(BigInteger)


class FeedPosition(Base):
    """The one row, which migrations insert, says how far the revocation feed was read for the webhooks."""

    __tablename__ = "feed_position"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cursor: Mapped[str] = mapped_column(Text)
    """It is empty before the feed was read for the first time."""
    read_at: Mapped[int] = mapped_column(BigInteger)
    doubts: Mapped[int] = mapped_column(BigInteger)
    """So often the position was lost. What was found good before the last time may have ended since, unheard."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(instant: datetime) -> int:
    """Return an instant as it is stored."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_microseconds(stored: int) -> datetime:
    """Return the instant that was stored."""
    return _EPOCH + timedelta(microseconds=stored)
