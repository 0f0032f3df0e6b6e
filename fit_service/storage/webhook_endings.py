"""Webhooks stop: their grant ends, they expire, or nobody knows any more whether the person consents.

Every method may be repeated, so a worker that dies in between loses nothing. Each webhook takes one short transaction.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.webhooks import Webhook
from fit_service.rules.webhooks.events import CONSENT_REVOKED, DISABLED
from fit_service.rules.webhooks.schedule import PATIENCE
from fit_service.rules.webhooks.status import DISABLED_FOR, DisabledBecause, Status
from fit_service.storage.database import Database
from fit_service.storage.feed_position import count_doubt
from fit_service.storage.webhook_events import drop_events, tell


class WebhookEndings:
    """It stops all webhooks to which something has happened."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def end_grants(self, grant_ids: Collection[str], now: datetime) -> None:
        """Tell the webhooks of these grants that consent was revoked, and nothing else any more."""
        if grant_ids:
            self._each(end, now, Webhook.grant_id.in_(grant_ids), Webhook.status != Status.ENDED)

    def doubt(self, lost: str, now: datetime) -> None:
        """Disable every webhook, since the position `lost` is not in the feed: revocations may have been missed.

        The doubt is counted first. Whoever confirms consent compares the count, so what was found good before it is
        confirmed neither now nor later. Clocks say nothing about that: two machines' differ.
        """
        with self._database.writing() as session:
            doubts = count_doubt(session, lost)
        if doubts is None:
            return

        def disable_unverified(session: Session, webhook: Webhook, now: datetime) -> None:
            disable(session, webhook, DisabledBecause.UNVERIFIED, now)
            tell(session, webhook, DISABLED, {"because": DisabledBecause.UNVERIFIED}, now)

        self._each(disable_unverified, now, Webhook.doubts < doubts, Webhook.status == Status.ACTIVE)

    def sweep(self, now: datetime) -> None:
        """Move on what has come to the end of its time."""
        self._each(_expire, now, Webhook.expires_at <= to_microseconds(now))

    def _each(
        self, stop: Callable[[Session, Webhook, datetime], None], now: datetime, *which: ColumnElement[bool]
    ) -> None:
        with self._database.reading() as session:
            ids = session.scalars(select(Webhook.id).where(*which)).all()
        for webhook_id in ids:
            with self._database.writing() as session:
                held = select(Webhook).where(Webhook.id == webhook_id, *which).with_for_update()
                webhook = session.scalars(held).first()
                if webhook is not None:
                    stop(session, webhook, now)


def end(session: Session, webhook: Webhook, now: datetime) -> None:
    """Leave it one thing to be told."""
    if webhook.status == Status.UNCONFIRMED or webhook.disabled_because == DisabledBecause.GONE:
        session.delete(webhook)
        return
    webhook.status, webhook.disabled_because = Status.ENDED, None
    webhook.expires_at = to_microseconds(now + timedelta(seconds=PATIENCE))
    drop_events(session, webhook)
    tell(session, webhook, CONSENT_REVOKED, {}, now)


def disable(session: Session, webhook: Webhook, because: DisabledBecause, now: datetime) -> None:
    """Collect nothing for it any more: whoever enables it reads what changed meanwhile by `updated_since`."""
    webhook.status, webhook.disabled_because = Status.DISABLED, because
    webhook.expires_at = to_microseconds(now + DISABLED_FOR)
    drop_events(session, webhook)


def _expire(session: Session, webhook: Webhook, now: datetime) -> None:
    if webhook.status == Status.ACTIVE:
        disable(session, webhook, DisabledBecause.EXPIRED, now)
        tell(session, webhook, DISABLED, {"because": DisabledBecause.EXPIRED}, now)
    else:
        session.delete(webhook)
