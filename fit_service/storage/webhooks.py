"""Apps' webhooks are registered here. Every question names their owner, so nobody reaches another's."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from fit_service.models.base import from_microseconds, to_microseconds
from fit_service.models.webhooks import Webhook, WebhookEvent
from fit_service.rules.refusals import RefusedError
from fit_service.rules.webhooks.events import TEST
from fit_service.rules.webhooks.signature import new_secret
from fit_service.rules.webhooks.status import MAX_PER_PERSON, UNCONFIRMED_FOR, Owner, Registration, Status
from fit_service.storage.database import Database
from fit_service.storage.feed_position import doubts
from fit_service.storage.kept_answers import Answer, KeptAnswers, RepeatableRequest, once
from fit_service.storage.webhook_events import drop_events, tell
from fit_service.storage.webhook_secrets import WebhookSecrets

_SEEN = (Status.ACTIVE, Status.DISABLED)


class TooManyWebhooksError(RefusedError):
    """The owner has as many as it may have."""

    sentence = f"There are {MAX_PER_PERSON} webhooks already: remove one first."


class ConsentInDoubtError(RefusedError):
    """Revocations may have been missed since the token was found good: it has to be asked about again."""

    sentence = "Revocations may have been missed just now. The token may still be good; try again."


class NotActiveError(RefusedError):
    """A disabled webhook is told nothing."""

    sentence = "The webhook is disabled: enable it first."


class WebhookStore:
    """It registers, shows and removes webhooks. Each is active for `lifetime` unless it is renewed."""

    def __init__(self, database: Database, lifetime: timedelta, secrets_at_rest: WebhookSecrets) -> None:
        self._database = database
        self._lifetime = lifetime
        self._secrets = secrets_at_rest

    def register(
        self,
        owner: Owner,
        grant_id: str,
        url: str,
        now: datetime,
        request: RepeatableRequest | None = None,
        *,
        own_changes: bool = True,
    ) -> tuple[str, str, bool]:
        """Register a webhook, which is told nothing until it is confirmed.

        Return its id, its secret and False, or those of the one that this request made before, and True.

        Raises TooManyWebhooksError, SecretUnreadableError or kept_answers.OtherRequestError. Several at once may get in
        together: the limit keeps the outbox small, nothing else depends on it.
        """
        webhook_id, secret, moment = secrets.token_hex(12), new_secret(), to_microseconds(now)
        with self._database.writing() as session:
            before = once(session, request, lambda: Answer(201, webhook_id))
            if before.is_replay and request is not None:
                registered = session.scalars(_of(owner, Status.UNCONFIRMED, *_SEEN).where(Webhook.id == before.body))
                webhook = registered.first()
                if webhook is not None:
                    return webhook.id, self._secrets.read(webhook.secret), True
                KeptAnswers(session).keep(request, Answer(201, webhook_id))
            present = _of(owner, Status.UNCONFIRMED, *_SEEN).subquery()
            if (session.scalar(select(func.count()).select_from(present)) or 0) >= MAX_PER_PERSON:
                raise TooManyWebhooksError
            session.add(
                Webhook(
                    id=webhook_id,
                    client_id=owner.client_id,
                    subject=owner.subject,
                    grant_id=grant_id,
                    url=url,
                    secret=self._secrets.to_store(secret),
                    own_changes=own_changes,
                    status=Status.UNCONFIRMED,
                    created_at=moment,
                    doubts=0,
                    expires_at=to_microseconds(now + UNCONFIRMED_FOR),
                    last_number=0,
                    failures=0,
                )
            )
        return webhook_id, secret, False

    def bind(self, owner: Owner, webhook_id: str, grant_id: str, now: datetime) -> bool:
        """Bind a webhook to this grant, with which it ends from now on; False if there is no such webhook.

        If that is another grant than before, an active webhook must be confirmed soon.
        """
        with self._held(owner, webhook_id, *_SEEN) as (_, webhook):
            if webhook is not None and webhook.grant_id != grant_id:
                webhook.grant_id = grant_id
                if webhook.status == Status.ACTIVE:
                    webhook.expires_at = min(webhook.expires_at, to_microseconds(now + UNCONFIRMED_FOR))
            return webhook is not None

    def doubts(self) -> int:
        """Return how often it was lost who still consents, for `confirm`, before the token is asked about."""
        with self._database.reading() as session:
            return doubts(session)

    def confirm(
        self, owner: Owner, webhook_id: str, grant_id: str, asked_at: int, now: datetime
    ) -> Registration | None:
        """Make a webhook active for another lifetime: its grant was found good after the webhook was bound to it.

        Before it was asked about that, there had been `asked_at` doubts. None if the webhook was removed or bound to
        another grant meanwhile. Raises ConsentInDoubtError if there was a doubt meanwhile: it is as it was, or, if it
        was just registered, gone.
        """
        with self._held(owner, webhook_id, Status.UNCONFIRMED, *_SEEN) as (session, webhook):
            if webhook is None or webhook.grant_id != grant_id:
                return None
            if doubts(session, held=True) == asked_at:
                return self._activate(session, webhook, asked_at, now)
            if webhook.status == Status.UNCONFIRMED:
                session.delete(webhook)
        raise ConsentInDoubtError

    def find(self, owner: Owner, webhook_id: str) -> Registration | None:
        """Return one of the owner's; None if there is no such webhook."""
        with self._database.reading() as session:
            webhook = session.scalars(_of(owner, *_SEEN).where(Webhook.id == webhook_id)).first()
            return _registration(session, webhook) if webhook else None

    def all(self, owner: Owner) -> list[Registration]:
        """Return all of the owner's, the oldest first."""
        with self._database.reading() as session:
            rows = session.scalars(_of(owner, *_SEEN).order_by(Webhook.created_at, Webhook.id))
            return [_registration(session, webhook) for webhook in rows]

    def remove(self, owner: Owner, webhook_id: str, request: RepeatableRequest | None = None) -> Answer | None:
        """Forget a webhook, and all that it was not told yet; None if there is no such webhook.

        Raises kept_answers.OtherRequestError.
        """
        with self._held(owner, webhook_id, *_SEEN) as (session, webhook):

            def remove() -> Answer | None:
                if webhook is None:
                    return None
                session.delete(webhook)
                return Answer(204, "")

            return once(session, request, remove)

    def send_test(
        self, owner: Owner, webhook_id: str, now: datetime, request: RepeatableRequest | None = None
    ) -> Answer | None:
        """Have a webhook told of a test and return an answer with the message id; None if there is no such webhook.

        Raises NotActiveError or kept_answers.OtherRequestError.
        """
        with self._held(owner, webhook_id, *_SEEN) as (session, webhook):

            def send() -> Answer | None:
                if webhook is None:
                    return None
                if webhook.status != Status.ACTIVE:
                    raise NotActiveError
                return Answer(202, tell(session, webhook, TEST, {}, now))

            return once(session, request, send)

    def _activate(self, session: Session, webhook: Webhook, doubts_then: int, now: datetime) -> Registration:
        if webhook.status == Status.DISABLED:
            drop_events(session, webhook)
        webhook.status, webhook.disabled_because = Status.ACTIVE, None
        webhook.doubts = doubts_then
        webhook.expires_at = to_microseconds(now + self._lifetime)
        webhook.failures, webhook.failing_since, webhook.last_failure = 0, None, None
        if webhook.due_at is not None and webhook.lease is None:
            webhook.due_at = to_microseconds(now)  # the app says that its receiver works again
        return _registration(session, webhook)

    @contextmanager
    def _held(self, owner: Owner, webhook_id: str, *statuses: Status) -> Iterator[tuple[Session, Webhook | None]]:
        """Hold a transaction in which nobody else changes this webhook."""
        with self._database.writing() as session:
            one = _of(owner, *statuses).where(Webhook.id == webhook_id)
            yield session, session.scalars(one.with_for_update()).first()


def _of(owner: Owner, *statuses: Status) -> Select[Webhook]:
    mine = (Webhook.subject == owner.subject, Webhook.client_id == owner.client_id)
    return select(Webhook).where(*mine, Webhook.status.in_(statuses))


def _registration(session: Session, webhook: Webhook) -> Registration:
    waiting = select(func.count()).select_from(WebhookEvent).where(WebhookEvent.webhook_id == webhook.id)
    return Registration(
        id=webhook.id,
        url=webhook.url,
        own_changes=webhook.own_changes,
        status=Status(webhook.status),
        disabled_because=webhook.disabled_because,
        created_at=from_microseconds(webhook.created_at),
        expires_at=from_microseconds(webhook.expires_at),
        waiting=session.scalar(waiting) or 0,
        failing_since=None if webhook.failing_since is None else from_microseconds(webhook.failing_since),
        last_failure=webhook.last_failure,
    )
