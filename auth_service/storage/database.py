"""Accounts and grants are in SQL. Which tables there are, `models/` says; how they came to be, `migrations/`."""

from pathlib import Path

from auth_service.models.base import Base
from shared.service.sql_database import SqlDatabase


class Database(SqlDatabase):
    """It holds accounts, clients, consents, grants and what else must never be lost."""

    service = "auth_service"
    migrations = Path(__file__).parent.parent / "migrations"
    tables = Base.metadata
