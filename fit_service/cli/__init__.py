"""`flask --app fit_service …` for operators: JSON on stdout, errors on stderr with exit code 2."""

import json
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NoReturn

import click
from flask import Flask
from flask.cli import AppGroup

from fit_service.cli.sample_weights import sample_weights
from fit_service.components import Components
from fit_service.models import from_microseconds
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database_epoch import DatabaseBehindError
from shared.service.sql_engine import SQL_OUTAGES

_CONSENTS_READ_WITHIN = 180
"""Seconds; a worker notes at least once a minute that it follows the feed."""
_SUBJECT = re.compile(r"acct_[A-Za-z0-9_-]{16,59}")
_WHERE_TO_FIND = "ACCOUNT is the account's `sub`: `flask --app auth_service account show USERNAME` prints it"


def install_commands(app: Flask, parts: Components) -> None:
    """Add the commands to the application's command line."""
    database = AppGroup("database", help="The SQL schema.")
    webhooks = AppGroup("webhooks", help="What apps are told of changes.")

    @database.command("upgrade")
    def upgrade() -> None:
        """Bring the schema to this version's."""
        with _outages_told():
            parts.database.upgrade()
        click.echo(json.dumps({"schema": "current"}))

    @database.command("restored")
    def restored() -> None:
        """Say that the database was restored from a backup: apps read everything again, and may change it again."""
        with _outages_told():
            epoch = parts.epoch.begin(datetime.now(UTC))
        click.echo(json.dumps({"epoch": epoch}))

    @app.cli.command("seed", help=f"Write two years of sample weights, unless there are entries. {_WHERE_TO_FIND}.")
    @click.argument("account")
    def seed(account: str) -> None:
        if _SUBJECT.fullmatch(account) is None:
            _fail(_WHERE_TO_FIND)
        with _outages_told():
            click.echo(json.dumps({"sub": account, "inserted": _seed(parts.body_weights, account)}))

    @webhooks.command("deliver")
    def deliver() -> None:
        """Deliver events until told to stop. Several processes may do so at once."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop.set())
        parts.webhook_worker.run(stop)

    @webhooks.command("health")
    def health() -> None:
        """Say whether a worker delivers: one has lately read in the revocation feed who still consents."""
        with _outages_told():
            place = parts.feed_position.read()
        if not parts.settings.follow_revocations:  # then workers leave no trace while nothing changes
            click.echo(json.dumps({"status": "the database answers"}))
            return
        if place is None:
            _fail("no worker has read the revocation feed yet: is one running, and the resource server registered?")
        age = (datetime.now(UTC) - from_microseconds(place[1])).total_seconds()
        if age > _CONSENTS_READ_WITHIN:
            _fail(f"no worker has read the revocation feed for {age:.0f} s: is one running? Its log may say more")
        click.echo(json.dumps({"status": "healthy", "consents_read_seconds_ago": round(age)}))

    for group in (database, webhooks):
        app.cli.add_command(group)


def _seed(store: BodyWeightStore, subject: str) -> int:
    """How many entries were written: none if this person has or had any, so that it is harmless when repeated."""
    with store.changing(subject) as changes:
        if not changes.are_the_first():
            return 0
        return len(changes.insert(list(sample_weights(subject, datetime.now(UTC).date()))))


@contextmanager
def _outages_told() -> Iterator[None]:
    try:
        yield
    except DatabaseBehindError:
        _fail("the database lacks changes that were there: run `flask --app fit_service database restored` first")
    except SQL_OUTAGES as outage:
        _fail(
            f"SQL could not be asked ({type(outage).__name__}). "
            "Is it at FIT_DATABASE_URL, and the schema upgraded? Then repeat the command"
        )


def _fail(message: str) -> NoReturn:
    click.echo(f"error: {message}", err=True)
    sys.exit(2)
