"""`flask --app auth_service event list`."""

import click
from flask.cli import AppGroup

from auth_service.cli.command import command, limit_option, listed, parts
from auth_service.models.security_event import SecurityEvent

event_commands = AppGroup("event", help="What happened: sign-ins, consents, ends of grants and their reasons.")


@command(event_commands, "list")
@click.option("--kind", help="Such as signed_in, grant_created, grant_narrowed or grant_revoked.")
@click.option("--username")
@click.option("--client-id")
@click.option("--grant-id")
@limit_option
def list_events(
    kind: str | None, username: str | None, client_id: str | None, grant_id: str | None, limit: int | None
) -> object:
    """Security events, the newest first, an object a line. `detail` is the reason of an end, or what is left."""
    account_id = parts().accounts.find_by_username(username).id if username else None
    given = {"kind": kind, "account_id": account_id, "client_id": client_id, "grant_id": grant_id}
    wanted = {name: value for name, value in given.items() if value is not None}
    return listed(parts().events.newest(wanted), limit, _event_as_json)


def _event_as_json(event: SecurityEvent) -> dict[str, object]:
    return {
        "at": event.at,
        "kind": event.kind,
        "sub": event.account_id,
        "client_id": event.client_id,
        "grant_id": event.grant_id,
        "detail": event.detail,
    }
