"""The SQL of entries and webhooks. Which tables there are is `models.py`; how they came to be is `migrations/`."""

from pathlib import Path

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fit_service.models import Base
from shared.service.sql_database import SqlDatabase


class Database(SqlDatabase):
    """Entries and webhooks. All questions of one transaction that reads are answered as of one moment."""

    service = "fit_service"
    migrations = Path(__file__).parent.parent / "migrations"
    reads_at = "REPEATABLE READ"


def upsert(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which each database spells alike and SQLAlchemy apart."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if on_postgresql else sqlite.insert(table)
