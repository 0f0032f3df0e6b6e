"""`flask --app auth_service client create|ensure|list|show|rotate-secret|set-keys|delete`."""

from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import click
from flask.cli import AppGroup

from auth_service.cli.client_options import client_options
from auth_service.cli.client_presets import PRESETS, said_of, with_preset
from auth_service.cli.command import (
    RefusedError,
    command,
    json_from,
    listed,
    overlap_option,
    page_options,
    parts,
    secret_from,
)
from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import (
    SECRET_METHODS,
    Client,
    PkcePolicy,
    RetryPolicy,
    new_client_id,
)
from auth_service.models.secret import new_secret, secret_digest
from auth_service.models.security_event import EventKind
from auth_service.protocol.registration.keys import checked_jwks
from auth_service.protocol.registration.rules import check_client
from auth_service.protocol.tokens.reuse import TWO_AT_ONCE
from auth_service.storage.token_reuses import AT_ONCE
from shared.operations.command_output import ForPeople
from shared.service.progress import saying

client_commands = AppGroup("client", help="Apps that ask for tokens.")


@command(client_commands, "create")
@click.argument("name")
@click.option("--client-id", help="Default: a random one.")
@click.option("--public", is_flag=True, help="An app that can't keep a secret.")
@click.option(
    "--jwks",
    "jwks_file",
    type=click.File(),
    help="Its public keys, a JWK Set: it signs its requests (private_key_jwt) and gets no secret.",
)
@click.option("--preset", type=click.Choice(list(PRESETS)), help="What such an app needs, where no option says.")
@client_options
def create_client(name: str, client_id: str | None, preset: str | None, **options: Any) -> object:
    """Register a client and print its secret, this once.

    For example: client create Diary --redirect-uri https://diary.example/callback --scope body_weight:read
    """
    if preset:
        options = with_preset(preset, options)
        click.echo(said_of(preset), err=True)
    public, jwks_file = options["public"], options["jwks_file"]
    if public and jwks_file:
        raise RefusedError("a client with keys is not public")
    secret = None if public or jwks_file else new_secret()
    client = Client(
        client_id=client_id or new_client_id(),
        token_endpoint_auth_method="none" if public else "private_key_jwt" if jwks_file else "client_secret_basic",
        jwks=checked_jwks(json_from(jwks_file)) if jwks_file else None,
        secret_digest=secret_digest(secret) if secret else None,
        own_grant_id=new_grant_id(),
    )
    _describe(client, name, options)
    parts().clients.create(client, parts().resource_servers.resources().owners_of(client.scopes))
    return {**_client_as_json(client), "client_secret": secret}


@command(client_commands, "ensure")
@click.argument("name")
@click.option("--client-id", required=True)
@click.option("--secret-file", type=click.Path(path_type=Path), help="Made if it isn't there.")
@click.option("--public", is_flag=True, help="An app that can't keep a secret.")
@overlap_option
@client_options
def ensure_client(
    name: str, client_id: str, secret_file: Path | None, overlap: int, *, public: bool, **options: Any
) -> object:
    """Register a client, or bring the one with this id to this state, but never one with keys. Harmless when repeated.

    What it may no longer ask for, its grants and tokens lose at once.

    For example: client ensure Diary --client-id diary --public --redirect-uri https://diary.example/ --scope plans:read
    """
    if public == (secret_file is not None):
        raise RefusedError("a client either has a secret file or is public")
    digest = secret_digest(secret_from(secret_file)) if secret_file else None

    def bring_to_state(client: Client) -> None:
        _refuse_described(client)
        if client.jwks is not None:
            raise RefusedError(
                f"{client_id} authenticates with keys, which this would take away: `client set-keys` changes them"
            )
        client.token_endpoint_auth_method, client.jwks = "none" if public else "client_secret_basic", None
        client.replace_secret(digest, overlap)
        _describe(client, name, options)

    if parts().clients.find(client_id) is not None:
        return _client_as_json(
            parts().revocation.change_client(client_id, bring_to_state, progress=saying("grants narrowed"))
        )
    client = Client(client_id=client_id, own_grant_id=new_grant_id())
    bring_to_state(client)
    parts().clients.create(client, parts().resource_servers.resources().owners_of(client.scopes))
    return _client_as_json(client)


@command(
    client_commands, "list", ForPeople(("client_id", "name", "public", "scopes", "registered_itself", "created_at"))
)
@click.option("--name-contains", default="", metavar="TEXT", help="Only those with this in their name.")
@page_options("client_id")
def list_clients(name_contains: str, after: str | None, limit: int | None) -> object:
    """Every client, or some.

    For example: client list --name-contains diary
    """
    return listed(parts().clients.all(after=after, name_contains=name_contains), limit, _client_as_json)


@command(client_commands, "show")
@click.argument("client_id")
def show_client(client_id: str) -> object:
    """Print one client, with what to change if it lately lost a grant by two refreshes at once.

    For example: client show diary
    """
    client, since = parts().clients.get(client_id), now() - timedelta(days=30)
    reused = parts().events.newest({"kind": EventKind.CREDENTIAL_REUSED, "client_id": client_id}, since)
    at_once = any(event.detail.endswith(AT_ONCE) for portion in reused for event in portion if event.detail)
    return {**_client_as_json(client), **({"advice": TWO_AT_ONCE} if at_once else {})}


@command(client_commands, "rotate-secret")
@click.argument("client_id")
@overlap_option
def rotate_client_secret(client_id: str, overlap: int) -> object:
    """Give the client a new secret, printed this once; the old one stops within a second, or after the overlap.

    For example: client rotate-secret diary --overlap 3600
    """
    secret = new_secret()

    def replace_secret(client: Client) -> None:
        if client.token_endpoint_auth_method not in SECRET_METHODS:
            raise RefusedError(f"{client_id} has no secret: it authenticates with {client.token_endpoint_auth_method}")
        client.replace_secret(secret_digest(secret), overlap)

    parts().revocation.change_client(client_id, replace_secret)
    return {"client_id": client_id, "client_secret": secret}


@command(client_commands, "set-keys")
@click.argument("client_id")
@click.argument("jwks_file", type=click.File())
def set_client_keys(client_id: str, jwks_file: IO[str]) -> object:
    """Replace the public keys of a client with private_key_jwt. To change keys smoothly, first list both.

    For example: client set-keys diary keys.json
    """
    keys = checked_jwks(json_from(jwks_file))

    def replace_keys(client: Client) -> None:
        _refuse_described(client)
        if client.jwks is None:
            raise RefusedError(f"{client_id} has no keys: it authenticates with {client.token_endpoint_auth_method}")
        client.jwks = keys

    return _client_as_json(parts().revocation.change_client(client_id, replace_keys))


@command(client_commands, "delete")
@click.argument("client_id")
def delete_client(client_id: str) -> object:
    """Refuse the client from now on and end its grants and tokens at once.

    For example: client delete diary
    """
    parts().clients.get(client_id)
    parts().revocation.delete_client(client_id, saying("grants ended"))
    return {"client_id": client_id, "deleted": True}


def _describe(client: Client, name: str, options: dict[str, Any]) -> None:
    grant_types = options["grant_types"] or ("authorization_code", "refresh_token")
    client.name, client.grant_types = name, tuple(grant_types)
    client.client_uri, client.publisher = options["client_uri"], options["publisher"]
    client.redirect_uris, client.scopes = tuple(options["redirect_uris"]), tuple(options["scopes"])
    client.exchange_from = tuple(options["exchange_from"])
    resources = {server.resource for server in parts().resource_servers.registered()}
    if unknown := set(client.exchange_from) - resources:
        raise RefusedError(f"no resource server is registered for {', '.join(sorted(unknown))}")
    client.access_token_lifetime = options["access_token_lifetime"]
    client.retry = options["retry"] or RetryPolicy.STRICT
    client.pkce = options["pkce"] or PkcePolicy.REQUIRED
    client.dpop_bound_access_tokens = options["dpop_bound_access_tokens"]
    client.require_pushed_authorization_requests = options["require_pushed_authorization_requests"]
    client.post_logout_redirect_uris = tuple(options["post_logout_redirect_uris"])
    client.origins = tuple(options["origins"])
    client.id_token_signed_response_alg = options["id_token_signed_response_alg"]
    check_client(client, parts().resource_servers.scopes())


def _refuse_described(client: Client) -> None:
    """An operator's change would last until the document is read again."""
    if client.document_host is not None:
        raise RefusedError(f"the document at {client.client_id} says what this client is; only `client delete` helps")


def _client_as_json(client: Client) -> dict[str, object]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "client_uri": client.client_uri,
        "publisher": client.publisher,
        "public": client.public,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        **({"jwks": client.jwks} if client.jwks else {}),
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "origins": client.origins,
        "grant_types": client.grant_types,
        "scopes": client.scopes,
        "exchange_from": client.exchange_from,
        "access_token_lifetime": client.access_token_lifetime,
        "retry": client.retry,
        "pkce": client.pkce,
        "id_token_signed_response_alg": client.id_token_signed_response_alg,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "require_pushed_authorization_requests": client.require_pushed_authorization_requests,
        "registered_itself": client.registered_itself,
        "unused_until": client.unused_until,
        "document_fresh_until": client.document_fresh_until,
        "created_at": client.created_at,
    }
