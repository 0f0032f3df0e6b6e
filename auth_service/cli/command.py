"""How every command behaves: its answer on stdout, errors on stderr with exit code 2; and what commands share.

What lists prints each item as it is read: however long the list is, memory holds a portion of it.
"""

import functools
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

import click
from flask import current_app
from flask.cli import AppGroup
from redis import RedisError

from auth_service.components import Components
from auth_service.models.acting import Who, acting_as
from auth_service.models.secret import new_secret
from auth_service.protocol.registration.rules import ClientRefusedError
from auth_service.storage.errors import OUTAGES, AlreadyExistsError, NotFoundError
from shared.operations.command_output import ForPeople, json_option, print_answer, print_error
from shared.service.sql_backup import BackupError

P = ParamSpec("P")
T = TypeVar("T")

MAX_OVERLAP = 90 * 86_400
"""Seconds. A secret that stays valid for longer is not being replaced."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43,128}")


class RefusedError(Exception):
    """What was asked for can't be done; the message says why."""


def parts() -> Components:
    """The service that the command works on."""
    components = current_app.extensions["auth_service"]
    assert isinstance(components, Components)
    return components


def command(
    group: AppGroup, name: str, people: ForPeople | None = None
) -> Callable[[Callable[P, object]], Callable[P, None]]:
    """Register a command that prints what it returns: an object, or each item of an iterator.

    `people` says how they see a list. Refusals become exit code 2.
    """

    def register(function: Callable[P, object]) -> Callable[P, None]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            as_json = bool(kwargs.pop("as_json"))
            try:
                with acting_as(Who.OPERATOR):
                    print_answer(function(*args, **kwargs), as_json=as_json, indent=2, people=people)
            except NotFoundError as missing:
                _fail(f"{missing}: {missing.kind.replace(' ', '-')} list says which there are")
            except (RefusedError, ClientRefusedError, AlreadyExistsError, BackupError) as refusal:
                _fail(str(refusal))
            except OUTAGES as outage:
                _fail(_told(outage))

        group.command(name)(json_option(run))
        return run

    return register


def _told(outage: Exception) -> str:
    store, place = ("Redis", "AUTH_REDIS_URL") if isinstance(outage, RedisError) else ("SQL", "AUTH_DATABASE_URL")
    return (
        f"{store} could not be asked ({type(outage).__name__}). "
        f"Is it at {place}, and the schema upgraded? Then repeat the command"
    )


def _fail(message: str) -> None:
    print_error(message)
    sys.exit(2)


overlap_option = click.option(
    "--overlap", type=click.IntRange(0, MAX_OVERLAP), default=0, help="Seconds in which the old secret still works."
)


limit_option = click.option("--limit", type=click.IntRange(1), help="At most so many. Default: all.")


def page_options(last: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return the options of a list that is ordered by the member `last`: where a page begins, and how long it is."""
    after = click.option("--after", help=f"Only what comes behind this: for the next page, the last `{last}`.")
    return lambda function: after(limit_option(function))


def listed(portions: Iterable[list[T]], limit: int | None, as_json: Callable[[T], object]) -> Iterator[object]:
    """The items of some portions, of which no more are read than are printed."""
    return map(as_json, islice(chain.from_iterable(portions), limit))


def json_from(file: IO[str]) -> object:
    """What a file of JSON holds. Raises RefusedError."""
    try:
        return json.load(file)
    except (ValueError, RecursionError):
        raise RefusedError(f"{file.name} does not hold JSON") from None


def secret_from(file: Path) -> str:
    """The secret in a file, which is made if it isn't there. Raises RefusedError."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(new_secret(), encoding="utf-8")
    secret = file.read_text(encoding="utf-8").strip()
    if _SECRET.fullmatch(secret) is None:
        raise RefusedError(f"{file} must hold 43 to 128 characters of [A-Za-z0-9_-]")
    return secret
