"""`flask --app auth_service resource-server create|ensure|list|show|rotate-secret|delete`."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask.cli import AppGroup

from auth_service.cli.command import RefusedError, command, listed, overlap_option, page_options, parts, secret_from
from auth_service.models.resource_server import ResourceServer
from auth_service.models.secret import new_secret, secret_digest
from auth_service.protocol.tokens.resource_server_end import ResourceServerEnd
from auth_service.storage.errors import NotFoundError
from shared.service.progress import saying

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,100}")


resource_server_commands = AppGroup("resource-server", help="APIs that are protected by our tokens.")


def resource_server_options(function: Callable[..., object]) -> Callable[..., object]:
    """The options that say what a resource server is."""
    resource = click.option("--resource", required=True, help="Its identifier: an absolute URL without fragment.")
    scope = click.option("--scope", "scopes", multiple=True, help="name=description, several times.")
    front = click.option(
        "--front",
        "is_front",
        is_flag=True,
        help="Instead of --scope: tokens for it carry the scopes of APIs behind it.",
    )
    dpop = click.option(
        "--dpop", "checks_dpop_proofs", is_flag=True, help="It checks DPoP proofs: tokens for it may be bound."
    )
    return resource(scope(front(dpop(function))))


@command(resource_server_commands, "create")
@click.argument("name")
@resource_server_options
def create_resource_server(
    name: str, resource: str, scopes: tuple[str, ...], *, is_front: bool, checks_dpop_proofs: bool
) -> object:
    """Register a resource server and print its secret, this once.

    For example: resource-server create plans --resource https://plans.example/ --scope "plans:read=See your plans"
    """
    secret = new_secret()
    return {
        **_save_resource_server(name, resource, scopes, secret, is_front, checks_dpop_proofs, new=True),
        "client_secret": secret,
    }


@command(resource_server_commands, "ensure")
@click.argument("name")
@resource_server_options
@click.option("--secret-file", type=click.Path(path_type=Path), required=True, help="Made if it isn't there.")
@overlap_option
def ensure_resource_server(
    name: str,
    resource: str,
    scopes: tuple[str, ...],
    secret_file: Path,
    overlap: int,
    *,
    is_front: bool,
    checks_dpop_proofs: bool,
) -> object:
    """Register a resource server, or bring the one of this name to this state. Harmless when repeated.

    For example: resource-server ensure agents --resource https://agents.example/mcp --front --secret-file agents-secret
    """
    return _save_resource_server(
        name, resource, scopes, secret_from(secret_file), is_front, checks_dpop_proofs, new=False, overlap=overlap
    )


@command(resource_server_commands, "list")
@page_options("client_id")
def list_resource_servers(after: str | None, limit: int | None) -> object:
    """Every resource server.

    For example: resource-server list
    """
    return listed(parts().resource_servers.each(after=after), limit, _resource_server_as_json)


@command(resource_server_commands, "show")
@click.argument("name")
def show_resource_server(name: str) -> object:
    """Print one resource server, with what its scopes mean.

    For example: resource-server show moogle-fit
    """
    return _resource_server_as_json(_found(name))


@command(resource_server_commands, "rotate-secret")
@click.argument("name")
@overlap_option
def rotate_resource_server_secret(name: str, overlap: int) -> object:
    """Give the server a new secret, printed this once; the old one stops within a second, or after the overlap.

    For example: resource-server rotate-secret plans --overlap 3600
    """
    return {"client_id": name, "client_secret": parts().resource_servers.rotate_secret(name, overlap)}


@command(resource_server_commands, "delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Without it, it is only said what would end.")
def delete_resource_server(name: str, *, yes: bool) -> object:
    """Refuse the server from now on. Its scopes are taken from all clients and grants; grants without any other end.

    For example: resource-server delete moogle-plans --yes
    """
    here, server = parts(), _found(name)
    end = ResourceServerEnd(here.resource_servers, here.clients, here.records, here.revocation)
    if not yes:
        count = len(end.clients_of(server))
        raise RefusedError(
            f"this takes from {count} clients, and from what people allowed them, all that they have at "
            f"{server.resource}, for good: to do so, repeat it with --yes"
        )
    if not end.delete(server, saying("grants narrowed")):
        raise RefusedError(f"{name} was changed meanwhile: look with resource-server show, and repeat")
    return {"client_id": name, "deleted": True}


def _save_resource_server(
    name: str,
    resource: str,
    scopes: tuple[str, ...],
    secret: str,
    is_front: bool,
    checks_dpop_proofs: bool,
    *,
    new: bool,
    overlap: int = 0,
) -> dict[str, object]:
    address = urlsplit(resource)
    if _NAME.fullmatch(name) is None:
        raise RefusedError("a resource server's name consists of letters, digits, - and _")
    is_word = resource.isascii() and resource.isprintable() and " " not in resource  # audiences are lists of words
    if address.scheme not in {"http", "https"} or not address.netloc or "#" in resource or not is_word:
        raise RefusedError("--resource must be an absolute URL without fragment")
    if is_front == bool(scopes):
        raise RefusedError("give it at least one --scope, or else --front")
    descriptions = dict(scope.partition("=")[::2] for scope in scopes)
    for scope, description in descriptions.items():
        if _SCOPE.fullmatch(scope) is None or not description:
            raise RefusedError(f"--scope {scope}: must be name=description")
    parts().resource_servers.save(
        name, resource, secret_digest(secret), descriptions, checks_dpop_proofs, new=new, overlap=overlap
    )
    return {"client_id": name, "resource": resource, "scopes": descriptions, "checks_dpop_proofs": checks_dpop_proofs}


def _found(name: str) -> ResourceServer:
    server = parts().resource_servers.find(name)
    if server is None:
        raise NotFoundError("resource server", name)
    return server


def _resource_server_as_json(server: ResourceServer) -> dict[str, object]:
    return {
        "client_id": server.name,
        "resource": server.resource,
        "scopes": {scope.name: scope.description for scope in server.scopes},
        "checks_dpop_proofs": server.checks_dpop_proofs,
        "created_at": server.created_at,
    }
