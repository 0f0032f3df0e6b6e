"""`flask --app fit_service database …`: bring the schema up to date, say that a backup was restored."""

from datetime import UTC, datetime

from flask.cli import AppGroup

from fit_service.cli.command import answering, parts

database_commands = AppGroup("database", help="The SQL schema.")


@database_commands.command("upgrade")
@answering
def upgrade_database() -> object:
    """Bring the schema to this version's."""
    parts().database.upgrade()
    return {"schema": "current"}


@database_commands.command("restored")
@answering
def begin_epoch() -> object:
    """Say that the database was restored from a backup: apps read everything again, and may change it again."""
    return {"epoch": parts().epoch.begin(datetime.now(UTC))}
