"""`flask --app auth_service database …`: bring the schema up to date, back it up, remove what nobody asks for."""

from datetime import timedelta
from pathlib import Path

import click
from flask.cli import AppGroup

from auth_service.cli.command import command, parts
from auth_service.models.base import now
from auth_service.storage.old_records import remove_grants, remove_security_events
from shared.service.progress import saying
from shared.service.sql_backup import back_up

database_commands = AppGroup("database", help="The SQL schema and its old rows.")


@command(database_commands, "upgrade")
def upgrade_database() -> object:
    """Bring the schema to this version's.

    For example: database upgrade
    """
    parts().database.upgrade()
    return {"schema": "current"}


@command(database_commands, "backup")
@click.argument("file", type=click.Path(path_type=Path))
def back_up_database(file: Path) -> object:
    """Write a backup into a new FILE while the service goes on; docs/operations.md says how to restore it.

    For example: database backup auth-backup
    """
    return {"file": str(file), "bytes": back_up(parts().settings.database_url, file, saying("bytes written"))}


@command(database_commands, "prune")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(1, 36_500),
    required=True,
    help="Days since a grant ran out, or since something happened.",
)
def prune_database(days: int) -> object:
    """Remove grants that ran out, and security events, both so many days ago. May run beside the service, and again.

    For example: database prune --older-than 400
    """
    database, before = parts().database, now() - timedelta(days=days)
    return {
        "grants": remove_grants(database, before, saying("grants looked at")),
        "security_events": remove_security_events(database, before, saying("security events looked at")),
    }
