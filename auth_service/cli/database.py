"""`flask --app auth_service database …`: bring the schema up to date, remove what nobody asks for any more."""

from datetime import timedelta

import click
from flask.cli import AppGroup

from auth_service.cli.command import command, parts, saying
from auth_service.models.base import now
from auth_service.storage.old_records import remove_grants, remove_security_events

database_commands = AppGroup("database", help="The SQL schema and its old rows.")


@command(database_commands, "upgrade")
def upgrade_database() -> object:
    """Bring the schema to this version's."""
    parts().database.upgrade()
    return {"schema": "current"}


@command(database_commands, "prune")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(1, 36_500),
    required=True,
    help="Days since a grant ran out, or since something happened.",
)
def prune_database(days: int) -> object:
    """Remove grants that ran out, and security events, both so many days ago. May run beside the service, and again."""
    database, before = parts().database, now() - timedelta(days=days)
    return {
        "grants": remove_grants(database, before, saying("grants looked at")),
        "security_events": remove_security_events(database, before, saying("security events looked at")),
    }
