"""Every command prints its answer on stdout, or an error on stderr, and then ends with exit code 2."""

import functools
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec

from flask import current_app

from fit_service.components import Components
from fit_service.storage.database_epoch import DatabaseBehindError
from shared.operations.command_output import json_option, print_answer, print_error
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
    """Make the command print what the function returns, and end with exit code 2 if it fails."""

    @json_option
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.pop("as_json"))
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
        print_answer(result, as_json=as_json)

    return run


def _fail(message: str) -> NoReturn:
    print_error(message)
    sys.exit(2)
