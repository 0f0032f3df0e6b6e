"""`flask --app auth_service database upgrade`."""

from flask.cli import AppGroup

from auth_service.cli.command import command, parts

database_commands = AppGroup("database", help="The SQL schema.")


@command(database_commands, "upgrade")
def upgrade_database() -> object:
    """Bring the schema to this version's."""
    parts().database.upgrade()
    return {"schema": "current"}
