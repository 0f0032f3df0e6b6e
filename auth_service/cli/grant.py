"""`flask --app auth_service grant list|narrow|revoke`."""

import click
from flask.cli import AppGroup

from auth_service.cli.command import RefusedError, command, listed, page_options, parts
from auth_service.models.grant import GrantRecord
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.errors import NotFoundError
from shared.operations.command_output import ForPeople

grant_commands = AppGroup("grant", help="What people allowed apps.")


@command(grant_commands, "list", ForPeople(("grant_id", "sub", "client_id", "scopes", "created_at", "expires_at")))
@click.option("--username")
@click.option("--client-id")
@page_options("grant_id")
def list_grants(username: str | None, client_id: str | None, after: str | None, limit: int | None) -> object:
    """Grants that were not ended.

    For example: grant list --username mo
    """
    account_id = parts().accounts.find_by_username(username).id if username else None
    grants = parts().records.current(account_id=account_id, client_id=client_id, after=after)
    return listed(grants, limit, _grant_as_json)


@command(grant_commands, "narrow")
@click.argument("grant_id")
@click.option("--scope", "scopes", multiple=True, required=True, help="One that it keeps; may be given several times.")
def narrow_grant(grant_id: str, scopes: tuple[str, ...]) -> object:
    """Take all other scopes from a grant and its tokens at once. To leave it none, revoke it.

    For example: grant narrow GRANT_ID --scope body_weight:read
    """
    record = parts().records.find(grant_id)
    if record is None or record.account_id is None or record.revoked_at is not None:
        raise NotFoundError("grant", grant_id)
    if foreign := set(scopes) - set(record.scopes):
        raise RefusedError(f"the grant does not allow {', '.join(sorted(foreign))}")
    return _grant_as_json(parts().revocation.narrow_grant(grant_id, scopes, RevokedBecause.OPERATOR) or record)


@command(grant_commands, "revoke")
@click.argument("grant_id")
def revoke_grant(grant_id: str) -> object:
    """End a grant and its tokens at once.

    For example: grant revoke GRANT_ID
    """
    if not parts().revocation.end_grant(grant_id, RevokedBecause.OPERATOR):
        raise NotFoundError("grant", grant_id)
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
