"""How far the revocation feed was read for the webhooks. Stored after its events were acted on, so none is missed."""

from datetime import datetime

from sqlalchemy import update

from fit_service.models import FeedPosition, to_microseconds
from fit_service.storage.database import Database, upsert

_ID = 1


class FeedPositionStore:
    """Shared by all workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> tuple[str, int] | None:
        """The cursor, and when it was stored, in microseconds since 1970; None before the first time."""
        with self._database.reading() as session:
            row = session.get(FeedPosition, _ID)
            return (row.cursor, row.read_at) if row else None

    def advance(self, before: str, cursor: str, now: datetime) -> None:
        """Go on from `before` (empty: from nowhere), unless another worker has gone on meanwhile."""
        values = {"cursor": cursor, "read_at": to_microseconds(now)}
        with self._database.writing() as session:
            if before:
                moved = update(FeedPosition).where(FeedPosition.id == _ID, FeedPosition.cursor == before)
                session.execute(moved.values(values))
            else:
                session.execute(upsert(session, FeedPosition).values(id=_ID, **values).on_conflict_do_nothing())
