"""`flask --app auth_service grant list|revoke`."""

import click
from flask.cli import AppGroup

from auth_service.cli.command import command, parts
from auth_service.models.grant import GrantRecord
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.errors import NotFoundError

grant_commands = AppGroup("grant", help="What people allowed apps.")


@command(grant_commands, "list")
@click.option("--username")
@click.option("--client-id")
def list_grants(username: str | None, client_id: str | None) -> object:
    """Grants that were not ended."""
    account_id = parts().accounts.find_by_username(username).id if username else None
    records = parts().records.current(account_id=account_id, client_id=client_id)
    return [_grant_as_json(record) for record in records]


@command(grant_commands, "revoke")
@click.argument("grant_id")
def revoke_grant(grant_id: str) -> object:
    """End a grant and its tokens at once."""
    if not parts().revocation.end_grant(grant_id, RevokedBecause.OPERATOR):
        raise NotFoundError(f"there is no grant {grant_id}")
    return {"grant_id": grant_id, "revoked": True}


def _grant_as_json(record: GrantRecord) -> dict[str, object]:
    return {
        "grant_id": record.id,
        "sub": record.account_id,
        "client_id": record.client_id,
        "scopes": record.scopes,
        "audience": record.audience,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
    }
