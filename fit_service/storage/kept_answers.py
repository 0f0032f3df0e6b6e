"""Keeps answers for repetitions of a request (draft-ietf-httpapi-idempotency-key-header), beside what they did.

The row of the key is written first, in the transaction of the change itself: of two that come at once, the second waits
here until the first has committed, and then finds its answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.kept_answer import KeptAnswer
from shared.service.sql_database import upsert

LIFETIME = timedelta(hours=24)
_CLEARED_AT_ONCE = 100
"""It is more than one a request, so that expired rows never pile up, and few enough not to be felt."""


@dataclass(frozen=True, slots=True)
class RepeatableRequest:
    """A request that carries an `Idempotency-Key`."""

    key: str
    """It is a digest of person, client and key."""
    digest: str
    """It is the digest of what is asked for: method, address and body."""
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """It is what was answered, to the letter."""

    status: int
    body: str
    location: str | None = None
    etag: str | None = None
    is_replay: bool = field(default=False, compare=False)
    """If true, it was given before."""


A = TypeVar("A", Answer, Answer | None)


class OtherRequestError(Exception):
    """The key was used before, for another request."""


class KeptAnswers:
    """It keeps answers within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, request: RepeatableRequest) -> Answer | None:
        """Take the key, or answer what its first use was answered. Raises OtherRequestError."""
        self._clear_expired(request)
        claim = upsert(self._session, KeptAnswer).values(
            id=request.key, request=request.digest, expires_at=to_microseconds(request.sent_at + LIFETIME)
        )
        claimed = self._session.execute(claim.on_conflict_do_nothing().returning(KeptAnswer.id)).scalar()
        if claimed is not None:
            return None
        kept = self._session.scalars(select(KeptAnswer).where(KeptAnswer.id == request.key)).one()
        if kept.request != request.digest:
            raise OtherRequestError
        assert kept.status is not None
        assert kept.body is not None
        return Answer(kept.status, kept.body, kept.location, kept.etag, is_replay=True)

    def keep(self, request: RepeatableRequest, answer: Answer) -> None:
        """Store the answer under the claimed key."""
        values = {
            "status": answer.status,
            "body": answer.body,
            "location": answer.location,
            "etag": answer.etag,
        }
        self._session.execute(update(KeptAnswer).where(KeptAnswer.id == request.key).values(values))

    def release(self, request: RepeatableRequest) -> None:
        """Give a claimed key back: the request was refused."""
        self._session.execute(delete(KeptAnswer).where(KeptAnswer.id == request.key))

    def _clear_expired(self, request: RepeatableRequest) -> None:
        expired = KeptAnswer.expires_at <= to_microseconds(request.sent_at)
        self._session.execute(delete(KeptAnswer).where(KeptAnswer.id == request.key, expired))
        others = select(KeptAnswer.id).where(expired).order_by(KeptAnswer.expires_at).limit(_CLEARED_AT_ONCE)
        chosen = self._session.scalars(others.with_for_update(skip_locked=True)).all()
        if chosen:
            self._session.execute(delete(KeptAnswer).where(KeptAnswer.id.in_(chosen)))


def once(session: Session, request: RepeatableRequest | None, work: Callable[[], A]) -> A | Answer:
    """Do `work` and keep its answer, if it has one; or, if this request was answered before, only repeat that.

    Raises OtherRequestError if the request's key stands for another one.
    """
    if request is None:
        return work()
    kept = KeptAnswers(session)
    before = kept.claim(request)
    if before is not None:
        return before
    answer = work()
    if answer is None:
        kept.release(request)
    else:
        kept.keep(request, answer)
    return answer
