"""`flask --app auth_service mail deliver`."""

import sys

import click
from flask.cli import AppGroup

from auth_service.cli.command import parts
from shared.operations.log_config import log_what_nobody_catches
from shared.operations.stop_signals import set_by_stop_signals

mail_commands = AppGroup("mail", help="What people are told by mail.")


@mail_commands.command("deliver")
def deliver() -> None:
    """Hand to the mail server what waits, until told to stop. Several processes may do so at once.

    For example: AUTH_SMTP_URL=smtps://moogle:…@mail.example.org AUTH_MAIL_SENDER=no-reply@example.org flask --app
    auth_service mail deliver
    """
    worker = parts().mail_worker
    if worker is None:
        click.echo("error: there is no mail server: set AUTH_SMTP_URL and AUTH_MAIL_SENDER", err=True)
        sys.exit(2)
    log_what_nobody_catches()
    worker.run(set_by_stop_signals())
