"""What webhooks have to be told is written into the outbox in the transaction of what happened, both or neither."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, or_, update
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.webhooks import Webhook, WebhookEvent
from fit_service.rules.webhooks.events import message_id, payload
from fit_service.rules.webhooks.status import Status
from fit_service.storage.entry_rows import Writer
from shared.service.sql_statement import Statement

MAX_IDS = 500
"""An event names at most so many entries, which keeps it below 20 kB."""

_WEBHOOKS = Webhook.metadata.tables[Webhook.__tablename__].c
_TOLD = Statement(
    update(_WEBHOOKS.id.table)
    .where(_WEBHOOKS.subject == bindparam("whose"), _WEBHOOKS.status == Status.ACTIVE)
    .where(_WEBHOOKS.expires_at > bindparam("now"))
    .where(or_(_WEBHOOKS.own_changes, _WEBHOOKS.client_id != bindparam("changed_by")))
    .values(
        last_number=_WEBHOOKS.last_number + bindparam("count"),
        due_at=func.coalesce(_WEBHOOKS.due_at, bindparam("now")),
    )
    .returning(_WEBHOOKS.id, _WEBHOOKS.last_number)
)


def tell_of_entries(session: Session, writer: Writer, kind: str, entry_ids: Sequence[str], now: datetime) -> None:
    """Add an event to every active webhook of this person that wants to know: one for each kind of change."""
    parts = [entry_ids[start : start + MAX_IDS] for start in range(0, len(entry_ids), MAX_IDS)]
    moment = to_microseconds(now)
    told = _TOLD.rows(
        session.connection(), whose=writer.subject, changed_by=writer.client_id or "", now=moment, count=len(parts)
    )
    events = [
        _values(webhook_id, last_number - len(parts) + position, kind, {"ids": part}, now)
        for webhook_id, last_number in told
        for position, part in enumerate(parts, start=1)
    ]
    if events:
        session.execute(insert(WebhookEvent), events)


def tell(session: Session, webhook: Webhook, kind: str, data: Mapping[str, object], now: datetime) -> str:
    """Add an event to one webhook whose row is held, to be tried at once, and return its message id."""
    webhook.last_number += 1
    session.execute(insert(WebhookEvent), [_values(webhook.id, webhook.last_number, kind, data, now)])
    if webhook.lease is None:
        webhook.due_at = to_microseconds(now)
    return message_id(webhook.id, webhook.last_number)


def drop_events(session: Session, webhook: Webhook) -> None:
    """Remove what a webhook, whose row is held, was not told yet. Whoever is delivering to it will notice."""
    session.execute(delete(WebhookEvent).where(WebhookEvent.webhook_id == webhook.id))
    if webhook.lease is None:
        webhook.due_at = None


def _values(webhook_id: str, number: int, kind: str, data: Mapping[str, object], now: datetime) -> dict[str, str | int]:
    return {
        "webhook_id": webhook_id,
        "number": number,
        "payload": payload(kind, webhook_id, now, data),
        "created_at": to_microseconds(now),
    }
