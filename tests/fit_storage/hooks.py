"""Short ways to register webhooks and to play a worker, at moments that a test chooses."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from fit_service.models.base import from_microseconds
from fit_service.models.webhooks import Webhook
from fit_service.rules.webhooks.outcome import Outcome
from fit_service.rules.webhooks.status import Owner, Registration
from fit_service.storage.database import Database
from fit_service.storage.webhook_endings import WebhookEndings
from fit_service.storage.webhook_outbox import Claim, Outbox, QueuedEvent
from fit_service.storage.webhook_secrets import WebhookSecrets
from fit_service.storage.webhooks import WebhookStore

LIFETIME = timedelta(days=30)
URL = "https://app.example/hook"
FAILED = Outcome("it answered 500")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class Hooks:
    """The stores of one database, and the time."""

    def __init__(self, database: Database, keys: Sequence[bytes] = ()) -> None:
        self._database = database
        self.secrets = WebhookSecrets(keys)
        self.store = WebhookStore(database, LIFETIME, self.secrets)
        self.outbox = Outbox(database, self.secrets)
        self.endings = WebhookEndings(database)
        self.now = datetime.now(UTC)

    def register(self, subject: str = "mo", client_id: str = "app", grant_id: str = "grant", url: str = URL) -> str:
        """The id of an active webhook."""
        owner = Owner(client_id, subject)
        webhook_id, _, _ = self.store.register(owner, grant_id, url, self.now)
        assert self.store.confirm(owner, webhook_id, grant_id, self.store.doubts(), self.now) is not None
        return webhook_id

    def find(self, webhook_id: str, subject: str = "mo", client_id: str = "app") -> Registration | None:
        return self.store.find(Owner(client_id, subject), webhook_id)

    def claim(self, **options: Any) -> Claim | None:
        return self.outbox.claim(self.now, **options)

    def claimed(self) -> Claim:
        claim = self.claim()
        assert claim is not None
        return claim

    def settle(self, claim: Claim, event: QueuedEvent, outcome: Outcome | None = None, **options: Any) -> Any:
        return self.outbox.settle(claim, event, outcome or Outcome(), self.now, **options)

    def deliver_all(self) -> list[tuple[str, dict[str, Any]]]:
        """What a worker whose deliveries all succeed delivers now: webhook ids and events."""
        delivered = []
        while claim := self.claim():
            event: QueuedEvent | None = claim.event
            while event is not None:
                delivered.append((claim.webhook_id, json.loads(event.payload)))
                event = self.settle(claim, event)
        return delivered

    def types(self) -> list[str]:
        return [event["type"] for _, event in self.deliver_all()]

    def fail_once(self, outcome: Outcome = FAILED) -> float | None:
        """An attempt that fails; how long from now the next one waits."""
        claim = self.claimed()
        assert self.settle(claim, claim.event, outcome) is None
        return self.due_in(claim.webhook_id)

    def due_in(self, webhook_id: str) -> float | None:
        """Seconds until a worker may take it; None if it rests or is gone."""
        with self._database.reading() as session:
            due_at = session.scalar(select(Webhook.due_at).where(Webhook.id == webhook_id))
        return None if due_at is None else (from_microseconds(due_at) - self.now).total_seconds()
