"""`flask --app fit_service database …`: bring the schema up to date, back it up, say that a backup was restored."""

from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from fit_service.cli.command import CommandError, answering, parts
from shared.service.progress import saying
from shared.service.sql_backup import BackupError, back_up

database_commands = AppGroup("database", help="The SQL schema.")


@database_commands.command("upgrade")
@answering
def upgrade_database() -> object:
    """Bring the schema to this version's.

    For example: database upgrade
    """
    parts().database.upgrade()
    return {"schema": "current"}


@database_commands.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@answering
def back_up_database(file: Path) -> object:
    """Write a backup into a new FILE while the service goes on; docs/operations.md says how to restore it.

    For example: database backup fit-backup
    """
    try:
        return {"file": str(file), "bytes": back_up(parts().settings.database_url, file, saying("bytes written"))}
    except BackupError as error:
        raise CommandError(str(error)) from None


@database_commands.command("restored")
@answering
def begin_epoch() -> object:
    """Say that the database was restored from a backup: apps read everything again, and may change it again.

    For example: database restored
    """
    return {"epoch": parts().epoch.begin(datetime.now(UTC))}
