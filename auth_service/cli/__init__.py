"""`flask --app auth_service …` for operators. One file per group of commands."""

from flask import Flask

from auth_service.cli.account import account_commands
from auth_service.cli.client import client_commands
from auth_service.cli.database import database_commands
from auth_service.cli.doctor import doctor
from auth_service.cli.event import event_commands
from auth_service.cli.grant import grant_commands
from auth_service.cli.initial_access_token import initial_access_token_commands
from auth_service.cli.mail import mail_commands
from auth_service.cli.resource_server import resource_server_commands
from auth_service.cli.signing_key import signing_key_commands


def install_commands(app: Flask) -> None:
    """Add the groups of commands to the application's command line."""
    for group in (
        database_commands,
        account_commands,
        client_commands,
        initial_access_token_commands,
        resource_server_commands,
        grant_commands,
        event_commands,
        signing_key_commands,
        mail_commands,
        doctor,
    ):
        app.cli.add_command(group)
