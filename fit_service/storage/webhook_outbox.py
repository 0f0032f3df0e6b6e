"""Several workers share the outbox, and none of them has to be trusted to live.

A worker takes one webhook at a time, under a lease, and delivers its events in their order. If it dies, the lease runs
out and another one begins with the event that was under way: events are delivered at least once.
"""

import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from fit_service.models.base import from_microseconds, to_microseconds
from fit_service.models.webhooks import Webhook, WebhookEvent, WebhookTotal
from fit_service.rules.webhooks.outcome import Outcome
from fit_service.rules.webhooks.schedule import PATIENCE, pause
from fit_service.rules.webhooks.status import DisabledBecause, Status
from fit_service.storage.database import Database
from fit_service.storage.webhook_endings import disable
from fit_service.storage.webhook_secrets import SecretUnreadableError, WebhookSecrets
from shared.service.sql_database import upsert

LEASE = timedelta(seconds=60)
"""A lease is longer than an attempt takes, name resolution included."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """It is what is to be sent."""

    number: int
    payload: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker delivers to this webhook, and begins with this event."""

    webhook_id: str
    client_id: str
    url: str
    secret: str
    lease: str
    event: QueuedEvent


@dataclass(frozen=True, slots=True)
class Figures:
    """Metrics show these figures."""

    waiting: int
    oldest_at: datetime | None
    webhooks: dict[str, int]
    """So many there are of each status."""
    attempts: dict[str, int]
    """So many were `delivered`, and so many `failed`."""


class Outbox:
    """Threads, processes, and machines whose clocks agree within seconds may share it."""

    def __init__(self, database: Database, secrets_at_rest: WebhookSecrets) -> None:
        self._database = database
        self._secrets = secrets_at_rest

    def claim(self, now: datetime, avoiding: Collection[str] = ()) -> Claim | None:
        """Take the webhook that has been due for longest, of none of these clients; None if there is none.

        None also if its secret can't be read.
        """
        due = _due(now, avoiding)
        with self._database.reading() as session:  # so that waiting takes no writer's place
            if session.scalars(due).first() is None:
                return None
        with self._database.writing() as session:
            webhook = session.scalars(due.with_for_update(skip_locked=True)).first()
            if webhook is None:
                return None
            webhook.lease = secrets.token_hex(8)
            event = _hold(session, webhook, now)
            if event is None:
                return None
            try:
                secret = self._secrets.read(webhook.secret)
            except SecretUnreadableError:  # it is ours, so the webhook waits for a lease, and it counts as no failure
                _log.error("webhook %s waits: the key of its secret is not in FIT_WEBHOOK_KEYS", webhook.id)
                return None
            return Claim(webhook.id, webhook.client_id, webhook.url, secret, webhook.lease, event)

    def settle(
        self, claim: Claim, event: QueuedEvent, outcome: Outcome, now: datetime, *, go_on: bool = True
    ) -> QueuedEvent | None:
        """Note what became of an event, and return the next one, for which the claim holds; None: it holds no more.

        Without `go_on`, others may have the next one.
        """
        with self._database.writing() as session:
            webhook = session.get(Webhook, claim.webhook_id, with_for_update=True)
            if outcome.failure is None:
                mine = (WebhookEvent.webhook_id == claim.webhook_id, WebhookEvent.number == event.number)
                session.execute(delete(WebhookEvent).where(*mine))
            next_event = None
            if webhook is not None and webhook.lease == claim.lease:  # else it ran out, and another worker has begun
                next_event = _follow(session, webhook, outcome, now, go_on=go_on)
            _count(session, outcome)
            return next_event

    def figures(self) -> Figures:
        """Count what there is now."""
        with self._database.reading() as session:
            oldest = session.scalar(select(func.min(WebhookEvent.created_at)))
            statuses = select(Webhook.status, func.count()).group_by(Webhook.status)
            attempts = select(WebhookTotal.outcome, WebhookTotal.attempts)
            return Figures(
                waiting=session.scalar(select(func.count()).select_from(WebhookEvent)) or 0,
                oldest_at=None if oldest is None else from_microseconds(oldest),
                webhooks=dict(session.execute(statuses).all()),
                attempts=dict(session.execute(attempts).all()),
            )


def _due(now: datetime, avoiding: Collection[str]) -> Select[Webhook]:
    due = select(Webhook).where(Webhook.due_at <= to_microseconds(now), Webhook.client_id.not_in(avoiding))
    return due.order_by(Webhook.due_at).limit(1)


def _follow(session: Session, webhook: Webhook, outcome: Outcome, now: datetime, *, go_on: bool) -> QueuedEvent | None:
    if outcome.failure is not None:
        _postpone(session, webhook, outcome, now)
        return None
    webhook.failures, webhook.failing_since, webhook.last_failure = 0, None, None
    event = _hold(session, webhook, now)
    if event is not None and not go_on:
        webhook.lease, webhook.due_at = None, to_microseconds(now)
        return None
    return event


def _hold(session: Session, webhook: Webhook, now: datetime) -> QueuedEvent | None:
    """Return its first event, under a lease that begins now; without one, the webhook rests, or goes if it ended."""
    first = select(WebhookEvent).where(WebhookEvent.webhook_id == webhook.id).order_by(WebhookEvent.number).limit(1)
    event = session.scalars(first).first()
    if event is not None:
        webhook.due_at = to_microseconds(now + LEASE)
        return QueuedEvent(event.number, event.payload)
    webhook.lease = webhook.due_at = None
    if webhook.status == Status.ENDED:
        session.delete(webhook)
    return None


def _postpone(session: Session, webhook: Webhook, outcome: Outcome, now: datetime) -> None:
    """Plan the next attempt, or give up."""
    moment = to_microseconds(now)
    webhook.lease = None
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or moment
    webhook.last_failure = outcome.failure
    webhook.due_at = to_microseconds(now + timedelta(seconds=pause(webhook.failures, outcome.retry_after)))
    too_long = moment - webhook.failing_since >= PATIENCE * 1_000_000
    if outcome.gone or too_long:
        if webhook.status == Status.ENDED:
            session.delete(webhook)
        else:
            disable(session, webhook, DisabledBecause.GONE if outcome.gone else DisabledBecause.FAILING, now)


def _count(session: Session, outcome: Outcome) -> None:
    """Count the attempt last, because all workers hold this row in turn until they commit."""
    session.flush()
    row = upsert(session, WebhookTotal).values(outcome="delivered" if outcome.failure is None else "failed", attempts=1)
    session.execute(row.on_conflict_do_update(index_elements=["outcome"], set_={"attempts": WebhookTotal.attempts + 1}))
