"""Here commands answer: JSON for programs, and where stdout is a terminal, tables and aligned lines for people.

What strangers chose, as an app's name, may hold control characters, which a terminal would obey: people see those
escaped.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import click

_ROWS = 500
"""A table has at most so many rows; then another one begins. So memory holds no more of a long list."""
_NOTHING = "-"

json_option = click.option("--json", "as_json", is_flag=True, help="JSON also on a terminal.")


@dataclass(frozen=True, slots=True)
class ForPeople:
    """It is how people see a list."""

    columns: tuple[str, ...] = ()
    """The members that a table shows, by their names. Default: all that the first item has."""
    line: Callable[[Mapping[str, Any]], str] | None = None
    """Instead of a table, each item is a line, so that it is seen as it happens."""


def print_answer(answer: object, *, as_json: bool, indent: int | None = None, people: ForPeople | None = None) -> None:
    """Print an object, or each item of an iterator as it is read (JSON Lines). `indent` is that of an object's JSON."""
    for_people = not as_json and sys.stdout.isatty()
    if isinstance(answer, Iterator):
        if for_people:
            _print_list(answer, people or ForPeople())
        else:
            for item in answer:
                print(json.dumps(item, default=_to_json))
    elif for_people and isinstance(answer, Mapping):
        click.echo("\n".join(_lines(answer)))
    else:
        click.echo(json.dumps(answer, indent=indent, default=_to_json))


def print_error(message: str) -> None:
    """Print on stderr what went wrong."""
    click.echo("error: " + "\n".join(map(harmless, message.split("\n"))), err=True)


def harmless(text: str) -> str:
    """Return the text with what a terminal could obey, or turn round, escaped as Python writes it."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _print_list(items: Iterator[Any], people: ForPeople) -> None:
    if people.line is not None:
        for item in items:
            print(harmless(people.line(item)))
        return
    first = next(items, None)
    if first is None:
        click.echo("There are none.")
        return
    items = chain([first], items)
    while rows := list(islice(items, _ROWS)):
        _print_table(rows, people.columns or tuple(first))


def _print_table(rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    from rich import box, console, table, text  # noqa: PLC0415 - what programs run need not wait for it

    shown = table.Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        shown.add_column(text.Text(name), overflow="fold")
    for row in rows:
        shown.add_row(*(text.Text(_told(row.get(name))) for name in columns))
    console.Console(highlight=False).print(shown)


def _lines(members: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    width = max((len(harmless(str(name))) for name in members), default=0) + 1
    for name, value in members.items():
        head = f"{indent}{harmless(str(name)) + ':':{width}}"
        if isinstance(value, Mapping) and value:
            yield head.rstrip()
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, each in enumerate(value):
                yield from (head.rstrip(),) if number == 0 else ("",)
                yield from _lines(each, indent + "  ")
        else:
            yield f"{head} {_told(value)}"


def _told(value: object) -> str:
    match value:
        case None | () | [] | "":
            return _NOTHING
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        case list() | tuple():
            return ", ".join(map(_told, value))
        case Mapping():
            return ", ".join(map(_told, value)) or _NOTHING
        case _:
            return harmless(str(value))


def _to_json(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
