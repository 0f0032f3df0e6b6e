"""How the tools speak: colour only on a terminal, problems in one line that says what to do."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SAY_EVERY = 10.0
"""Seconds."""
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


class Problem(Exception):  # noqa: N818 - it is said to a person, not handled
    """Something a person has to mend; the message says what."""


def paint(text: str, colour: str) -> str:
    """`text` in a colour, on a terminal whose owner wants colours."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def say(text: str = "") -> None:
    """One line, at once."""
    print(text, flush=True)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Say what is being done, and each ten seconds that it still is."""
    say(text)
    done, began = threading.Event(), time.monotonic()

    def go_on_saying() -> None:
        while not done.wait(_SAY_EVERY):
            say(paint(f"  … {time.monotonic() - began:.0f} s", "dim"))

    threading.Thread(target=go_on_saying, daemon=True).start()
    try:
        yield
    finally:
        done.set()


@contextmanager
def fail() -> Iterator[None]:
    """Turn a Problem into one line on stderr and exit code 1."""
    try:
        yield
    except Problem as problem:
        print(paint(f"problem: {problem}", "red"), file=sys.stderr, flush=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
