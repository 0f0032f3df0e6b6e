"""`flask --app auth_service event list|follow|export`. What happens is docs/events.md."""

import functools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from flask.cli import AppGroup

from auth_service.cli.command import command, limit_option, listed, parts
from auth_service.models.base import now
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.security_events import Wanted
from shared.operations.command_output import ForPeople

event_commands = AppGroup("event", help="What happened: sign-ins, consents, changes, ends of grants and their reasons.")

_KINDS = [kind.value for kind in EventKind]
PAUSE = 1.0
"""Seconds between two looks for what is new."""
_LATE = timedelta(seconds=30)
"""An event may be committed so long after the instant that it carries, or carry that of a clock so far behind."""


def wanted_options(function: Callable[..., object]) -> Callable[..., object]:
    """The options that say which events are wanted."""
    options = (
        click.option(
            "--kind",
            type=click.Choice(_KINDS),
            metavar="KIND",
            help="One of docs/events.md.",
        ),
        click.option("--username"),
        click.option("--client-id"),
        click.option("--grant-id"),
        click.option("--network", help="As events name it: an IPv4 address, or the /64 of an IPv6 address."),
        click.option("--request-id", help="As `X-Request-Id` said, and the log."),
    )
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), function)


since_option = click.option("--since", type=click.DateTime(), help="The first instant, in UTC. Default: ever.")


def _as_line(event: Mapping[str, Any]) -> str:
    kind = f"{event['kind']} ×{event['times']}" if event["times"] > 1 else event["kind"]
    whence = " ".join(filter(None, (event["who"], event["network"], event["program"])))
    particulars = " ".join(filter(None, (event[name] for name in ("sub", "client_id", "grant_id", "detail"))))
    return f"{event['at']:%Y-%m-%d %H:%M:%S}  {kind:30}  {whence:40}  {particulars}".rstrip()


@command(event_commands, "list", ForPeople(line=_as_line))
@wanted_options
@since_option
@click.option("--before", type=int, metavar="ID", help="Only older ones than this: for the next page, the last `id`.")
@limit_option
def list_events(since: datetime | None, before: int | None, limit: int | None, **given: str | None) -> object:
    """Security events, the newest first, one a line.

    For example: event list --kind sign_in_failed --since 2026-11-30 --limit 50
    """
    return listed(parts().events.newest(_wanted(given), _in_utc(since), before), limit, _event_as_json)


@command(event_commands, "follow", ForPeople(line=_as_line))
@wanted_options
def follow_events(**given: str | None) -> object:
    """Security events as they happen, one a line, until it is interrupted. What is counted is told the first time.

    For example: event follow --kind credential_reused
    """
    return listed(_new_ones(_wanted(given)), None, _event_as_json)


@command(event_commands, "export", ForPeople(line=_as_line))
@wanted_options
@since_option
@click.option("--after", type=int, default=0, metavar="ID", help="Those with a greater `id`: the last exported.")
@limit_option
def export_events(since: datetime | None, after: int, limit: int | None, **given: str | None) -> object:
    """Security events, the oldest first, for another system to keep.

    For example: event export --after 41730 >> events.jsonl
    """
    return listed(parts().events.oldest(_wanted(given), _in_utc(since), after), limit, _event_as_json)


def _wanted(given: dict[str, str | None]) -> Wanted:
    username = given.pop("username")
    account_id = parts().accounts.find_by_username(username).id if username else None
    return {name: value for name, value in {**given, "account_id": account_id}.items() if value is not None}


def _in_utc(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=UTC) if instant else None


def _new_ones(wanted: Wanted) -> Iterator[list[SecurityEvent]]:
    """Ids are no order of commits: so it is looked again at all that is recent, and told what was not told."""
    recent = {event.id for portion in parts().events.newest(wanted, now() - _LATE) for event in portion}
    while True:
        sys.stdout.flush()
        time.sleep(PAUSE)
        found = [event for portion in parts().events.newest(wanted, now() - _LATE) for event in portion]
        yield [event for event in reversed(found) if event.id not in recent]
        recent = {event.id for event in found}


def _event_as_json(event: SecurityEvent) -> dict[str, object]:
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "who": event.who,
        "network": event.network,
        "program": event.program,
        "request_id": event.request_id,
        "sub": event.account_id,
        "client_id": event.client_id,
        "grant_id": event.grant_id,
        "detail": event.detail,
        "times": event.times,
    }
