"""Keeps how far the revocation feed was read for the webhooks, and how often the position was lost.

The position is stored after its events were acted on, so none is missed.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.webhooks import FeedPosition
from fit_service.storage.database import Database

_ID = 1
_THE_ROW = FeedPosition.id == _ID


class FeedPositionStore:
    """All workers share it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> tuple[str, int] | None:
        """Return the cursor, and when it was stored, in microseconds since 1970; None before the first time."""
        with self._database.reading() as session:
            row = session.get_one(FeedPosition, _ID)
            return (row.cursor, row.read_at) if row.cursor else None

    def advance(self, before: str, cursor: str, now: datetime) -> None:
        """Go on from `before` (empty: from nowhere), unless another worker has gone on meanwhile."""
        moved = update(FeedPosition).where(_THE_ROW, FeedPosition.cursor == before)
        with self._database.writing() as session:
            session.execute(moved.values(cursor=cursor, read_at=to_microseconds(now)))


def doubts(session: Session, *, held: bool = False) -> int:
    """Return how often the position was lost. If it is `held`, nobody doubts until the transaction ends."""
    counted = select(FeedPosition.doubts).where(_THE_ROW)
    return session.execute(counted.with_for_update(read=True) if held else counted).scalar_one()


def count_doubt(session: Session, lost: str) -> int | None:
    """Count that this position was lost; None if another worker has gone on from there, having doubted before."""
    counted = update(FeedPosition).where(_THE_ROW, FeedPosition.cursor == lost).values(doubts=FeedPosition.doubts + 1)
    return session.scalar(counted.returning(FeedPosition.doubts))
