"""Every command prints JSON on stdout, or an error on stderr, and then ends with exit code 2."""

import functools
import json
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec

import click
from flask import current_app

from fit_service.components import Components
from fit_service.storage.database_epoch import DatabaseBehindError
from shared.service.sql_engine import SQL_OUTAGES

P = ParamSpec("P")


class CommandError(Exception):
    """The command can't do what it was asked for. Its message says why, and what helps."""


def parts() -> Components:
    """Return the service that the command works on."""
    components = current_app.extensions["fit_service"]
    assert isinstance(components, Components)
    return components


def answering(function: Callable[P, object]) -> Callable[P, None]:
    """Make the command print what the function returns as JSON, and end with exit code 2 if it fails."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            result = function(*args, **kwargs)
        except CommandError as error:
            _fail(str(error))
        except DatabaseBehindError:
            _fail("the database lacks changes that were there: run `flask --app fit_service database restored` first")
        except SQL_OUTAGES as outage:
            _fail(
                f"SQL could not be asked ({type(outage).__name__}). "
                "Is it at FIT_DATABASE_URL, and the schema upgraded? Then repeat the command"
            )
        click.echo(json.dumps(result))

    return run


def _fail(message: str) -> NoReturn:
    click.echo(f"error: {message}", err=True)
    sys.exit(2)
