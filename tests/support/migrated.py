"""Databases with this release's schema, sooner than by all its migrations: on SQLite as copies of one that went through
them.
"""

import tempfile
from functools import cache
from pathlib import Path

from shared.service.sql_database import SqlDatabase


@cache
def _migrated(service: type[SqlDatabase]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        database = service(f"sqlite:///{file}")
        database.upgrade()
        database.close()
        return file.read_bytes()


def migrate(database: SqlDatabase) -> None:
    """Let a database have the schema, if it hasn't."""
    url = database._engine.url
    if url.get_backend_name() == "sqlite" and url.database is not None and not Path(url.database).exists():
        Path(url.database).write_bytes(_migrated(type(database)))
    else:
        database.upgrade()
