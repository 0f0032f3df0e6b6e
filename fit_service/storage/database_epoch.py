"""The epoch of the database is where the numbers of changes begin after its backup was restored.

Numbers of a later epoch are larger than all that were ever given out before it, those of lost changes too, because an
epoch is the moment at which it began, in microseconds since 1970, and nobody makes so many changes. So a number alone,
in a position or in the version of an entry, says in which epoch it was given out.
"""

from datetime import datetime

from sqlalchemy import func, select, text, update

from fit_service.models.base import to_microseconds
from fit_service.models.entries import ChangeCounter, DatabaseEpoch
from fit_service.models.webhooks import Webhook
from fit_service.rules.refusals import RefusedError
from fit_service.storage.database import Database
from shared.service.sql_engine import wait_however_long

_THE_ROW = DatabaseEpoch.id == 1
EPOCH = select(DatabaseEpoch.epoch).where(_THE_ROW).scalar_subquery()
"""It goes into other questions, so that none is asked only for this."""
IS_BEHIND = select(DatabaseEpoch.is_behind).where(_THE_ROW).scalar_subquery()


class DatabaseBehindError(RefusedError):
    """The database lacks changes that were told of: a backup was restored, and nobody said so."""

    sentence = "The store lacks its last changes, so nothing can be changed until its operator has seen to it."


class DatabaseEpochStore:
    """It reads and writes the one row, which migrations insert."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, now: datetime) -> int:
        """Begin a new epoch and return its number: all positions that were ever given out are too old from now on.

        Writers wait. Messages of webhooks are numbered anew too, else receivers would take new ones for seen ones.
        """
        with self._database.writing() as session:
            connection = session.connection()
            wait_however_long(connection)
            if connection.dialect.name == "postgresql":
                session.execute(text("LOCK TABLE change_counters IN EXCLUSIVE MODE"))
            last_epoch = session.execute(select(DatabaseEpoch.epoch)).scalar_one()
            last_change = session.scalar(select(func.max(ChangeCounter.last_change))) or 0
            epoch = max(to_microseconds(now), last_epoch + 1, last_change + 1)
            session.execute(update(DatabaseEpoch).values(epoch=epoch, is_behind=False))
            session.execute(update(ChangeCounter).values(last_change=epoch + 1, forgotten=epoch + 1))
            session.execute(update(Webhook).values(last_number=epoch))
            return epoch

    def note_behind(self) -> None:
        """Note that changes are missing that were there: nobody changes entries until a new epoch begins."""
        with self._database.writing() as session:
            session.execute(update(DatabaseEpoch).values(is_behind=True))

    def check(self) -> None:
        """Raise RuntimeError if changes are missing."""
        with self._database.reading() as session:
            if session.execute(select(DatabaseEpoch.is_behind)).scalar_one():
                raise RuntimeError("the database lacks changes: run `flask --app fit_service database restored`")
