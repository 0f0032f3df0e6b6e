"""The SQL of accounts and grants. Which tables there are is `models/`; how they came to be is `migrations/`."""

from pathlib import Path

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from auth_service.models.base import Base
from shared.service.sql_database import SqlDatabase


class Database(SqlDatabase):
    """Accounts, clients, consents, grants and what else must never be lost."""

    service = "auth_service"
    migrations = Path(__file__).parent.parent / "migrations"


def upsert(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which each database spells alike and SQLAlchemy apart."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if on_postgresql else sqlite.insert(table)
