"""What a command tells an operator who waits."""

import time
from collections.abc import Callable

import click

_SAY_EVERY = 2.0
"""The operator is told again after so many seconds."""


def saying(what: str) -> Callable[[int], None]:
    """Tells how far something is that takes longer than two seconds, on stderr, every two seconds."""
    said_at = time.monotonic()

    def say(so_far: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= _SAY_EVERY:
            said_at = time.monotonic()
            click.echo(f"{so_far:,} {what}", err=True)

    return say
