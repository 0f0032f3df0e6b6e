"""Scripts of some clients may read answers; their origins are remembered as SQL had them at most a second ago."""

import time

from sqlalchemy import select

from auth_service.models.client import Client
from auth_service.storage.clients import registered
from auth_service.storage.database import Database
from shared.service.sql_engine import SQL_OUTAGES

_REMEMBERED_FOR = 1.0
"""After so many seconds a change is in force in every process."""


class ClientOrigins:
    """It knows all together: a browser asks for permission before it sends, and doesn't say for which client."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[float, frozenset[str]] = (float("-inf"), frozenset())

    def include(self, origin: str) -> bool:
        """Say whether some client has this origin. An outage leaves that as it was, so that scripts can read of it."""
        read_at, origins = self._read
        if time.monotonic() - read_at >= _REMEMBERED_FOR:
            origins = self._all(otherwise=origins)
            self._read = time.monotonic(), origins
        return origin in origins

    def _all(self, *, otherwise: frozenset[str]) -> frozenset[str]:
        query = select(Client.origins).where(registered(), Client.with_origins())
        try:
            with self._database.reading() as session:
                return frozenset(origin for origins in session.scalars(query) for origin in origins)
        except SQL_OUTAGES:
            return otherwise
