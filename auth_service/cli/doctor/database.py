"""What may be wrong with the SQL database, and how much of it nobody asks for any more."""

from collections.abc import Iterator
from datetime import timedelta

from auth_service.models.base import now
from auth_service.storage.database import Database
from auth_service.storage.old_records import count_old_records
from shared.operations.doctor import Finding
from shared.operations.sql_findings import sql_findings

_OLD_DAYS = 400
"""As docs/operations.md prunes."""
_MANY = 100_000
"""Rows."""


def database_findings(database: Database) -> Iterator[Finding]:
    """Schema, writing, clock, room, and rows that could go."""
    wrong = list(sql_findings(database))
    yield from wrong
    if wrong:
        return
    if count_old_records(database, now() - timedelta(days=_OLD_DAYS), _MANY) >= _MANY:
        yield Finding(
            f"{_MANY:,} rows or more are older than {_OLD_DAYS} days and nobody asks for them",
            f"Run `flask --app auth_service database prune --older-than {_OLD_DAYS}`, once a month for example",
        )
