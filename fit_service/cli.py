"""`flask --app fit_service …` for operators."""

import json

import click
from flask import Flask
from flask.cli import AppGroup

from fit_service.storage.database import Database


def install_commands(app: Flask, database: Database) -> None:
    """Add the commands to the application's command line."""
    group = AppGroup("database", help="The SQL schema.")

    @group.command("upgrade")
    def upgrade() -> None:
        """Bring the schema to this version's."""
        database.upgrade()
        click.echo(json.dumps({"schema": "current"}))

    app.cli.add_command(group)
