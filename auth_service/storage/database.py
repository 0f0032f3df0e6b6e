"""The SQL of accounts and grants. Which tables there are is `models/`; how they came to be is `migrations/`."""

from pathlib import Path

from shared.service.sql_database import SqlDatabase


class Database(SqlDatabase):
    """Accounts, clients, consents, grants and what else must never be lost."""

    service = "auth_service"
    migrations = Path(__file__).parent.parent / "migrations"
