"""Entries and webhooks are kept in SQL. Which tables there are is `models/`; how they came to be is `migrations/`."""

from pathlib import Path

from fit_service.models.base import Base
from shared.service.sql_database import SqlDatabase


class Database(SqlDatabase):
    """It holds entries and webhooks. All questions of one transaction that reads are answered as of one moment."""

    service = "fit_service"
    migrations = Path(__file__).parent.parent / "migrations"
    tables = Base.metadata
    reads_at = "REPEATABLE READ"
