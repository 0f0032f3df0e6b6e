"""All that is kept of a person whose account is gone is erased, in portions: each is a transaction of its own.

Their grants ended long before, so nobody writes here meanwhile. Doing it again finds nothing, and a worker that dies
in between is followed by one that goes on.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight, ChangeCounter, DeletedEntry, StagedEntry
from fit_service.models.kept_answer import KeptAnswer
from fit_service.models.webhooks import Webhook, WebhookEvent
from fit_service.storage.database import Database

AT_ONCE = 500
"""A transaction removes at most so many rows, so that nobody waits long for it."""


class Erasure:
    """It removes rows and leaves no tombstones: there is no app left that could read them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def erase(self, subject: str) -> None:
        """Remove whatever there is of this person: what apps are told first, the count of changes last."""
        with self._database.reading() as session:
            webhook_ids = session.scalars(select(Webhook.id).where(Webhook.subject == subject)).all()
        for webhook_id in webhook_ids:
            self._remove(WebhookEvent.number, WebhookEvent.webhook_id == webhook_id)
        self._remove(Webhook.id, Webhook.subject == subject)
        self._remove(StagedEntry.id, StagedEntry.subject == subject)
        self._remove(BodyWeight.id, BodyWeight.subject == subject)
        self._remove(DeletedEntry.change, DeletedEntry.subject == subject)
        self._remove(ChangeCounter.subject, ChangeCounter.subject == subject)
        # Answers are kept for repetitions under a digest that names nobody: by now theirs have expired.
        self._remove(KeptAnswer.id, KeptAnswer.expires_at < to_microseconds(datetime.now(UTC)))

    def _remove(self, key: InstrumentedAttribute[Any], condition: ColumnElement[bool]) -> None:
        """Remove what satisfies the condition; among those, `key` names each."""
        some = select(key).where(condition).limit(AT_ONCE)
        while True:
            with self._database.writing() as session:
                gone = session.scalars(some).all()
                session.execute(delete(key.class_).where(condition, key.in_(gone)))
            if len(gone) < AT_ONCE:
                return
