"""Webhooks, what they have still to be told, and how far the revocation feed was read for them."""

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fit_service.models.base import CLIENT_ID, Base


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
    client_id: Mapped[str] = mapped_column(CLIENT_ID)
    subject: Mapped[str] = mapped_column(String(64))
    grant_id: Mapped[str] = mapped_column(String(64))
    """It is the grant of the token that registered the webhook or enabled it last."""
    url: Mapped[str] = mapped_column(String(1000))
    secret: Mapped[str] = mapped_column(String(400))
    """It is stored as it is, or encrypted (`storage/webhook_secrets.py`)."""
    own_changes: Mapped[bool]
    """If true, it is also told of what its own app changed."""
    status: Mapped[str] = mapped_column(String(16))
    disabled_because: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[int] = mapped_column(BigInteger)
    """It is in microseconds since 1970 in UTC, like every other moment here."""
    doubts: Mapped[int] = mapped_column(BigInteger)
    """There had been so many when it was last confirmed that the person consents (`FeedPosition.doubts`)."""
    confirmed_at: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Only 0.1.0 writes and reads it, beside which this release has to run during an update."""
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
