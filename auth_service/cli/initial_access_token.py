"""`flask --app auth_service initial-access-token create|list|revoke`."""

import click
from flask.cli import AppGroup

from auth_service.cli.command import RefusedError, command, listed, page_options, parts
from auth_service.models.initial_access_token import InitialAccessToken

initial_access_token_commands = AppGroup(
    "initial-access-token", help="What somebody needs to register clients at /register (AUTH_REGISTRATION=token)."
)


@command(initial_access_token_commands, "create")
@click.option("--lifetime", type=click.IntRange(1, 366 * 86_400), default=86_400, help="Seconds. Default: a day.")
@click.option("--uses", type=click.IntRange(1, 1_000_000), default=1, help="How many clients. Default: one.")
def create_initial_access_token(lifetime: int, uses: int) -> object:
    """Make a token and print it, this once.

    For example: initial-access-token create --uses 10
    """
    if parts().settings.registration != "token":
        raise RefusedError("registration needs no such token here: set AUTH_REGISTRATION=token first")
    token, text = parts().initial_access_tokens.create(lifetime, uses)
    return {**_token_as_json(token), "initial_access_token": text}


@command(initial_access_token_commands, "list")
@page_options("id")
def list_initial_access_tokens(after: str | None, limit: int | None) -> object:
    """Every token that is still good.

    For example: initial-access-token list
    """
    return listed(parts().initial_access_tokens.all(after=after), limit, _token_as_json)


@command(initial_access_token_commands, "revoke")
@click.argument("token_id")
def revoke_initial_access_token(token_id: str) -> object:
    """Refuse the token from now on. Clients that were registered with it stay.

    For example: initial-access-token revoke ID
    """
    parts().initial_access_tokens.revoke(token_id)
    return {"id": token_id, "revoked": True}


def _token_as_json(token: InitialAccessToken) -> dict[str, object]:
    return {
        "id": token.id,
        "uses_left": token.uses_left,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }
