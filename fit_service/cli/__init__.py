"""Operators use `flask --app fit_service …`. Each group of commands has a file."""

from flask import Flask

from fit_service.cli.database import database_commands
from fit_service.cli.doctor import doctor
from fit_service.cli.file_import import import_command, import_undo_command
from fit_service.cli.seed import seed_command
from fit_service.cli.webhooks import webhook_commands


def install_commands(app: Flask) -> None:
    """Add the commands to the application's command line."""
    for command in (
        database_commands,
        webhook_commands,
        seed_command,
        import_command,
        import_undo_command,
        doctor,
    ):
        app.cli.add_command(command)
