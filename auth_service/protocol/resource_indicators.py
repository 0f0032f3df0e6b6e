"""Which resource servers a token is for, and with which scopes (RFC 8707, RFC 9700 §2.3).

Each scope belongs to one resource server, so without a `resource` parameter the audience follows from the scopes.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import InvalidScopeError

from auth_service.models.resource_server import ResourceServer
from auth_service.protocol.errors import InvalidTargetError
from auth_service.protocol.oauth_request import ProtocolRequest


@dataclass(frozen=True, slots=True)
class Target:
    """Scopes and the resource servers at which they may be used."""

    scopes: tuple[str, ...]
    audience: tuple[str, ...]


def requested_resources(request: ProtocolRequest) -> tuple[str, ...]:
    """The `resource` parameters, which may be several. Raises InvalidTargetError."""
    resources = tuple(dict.fromkeys(request.parameters.get("resource", [])))
    for resource in resources:
        try:
            parts = urlsplit(resource)
        except ValueError:
            raise InvalidTargetError from None
        if not parts.scheme or not parts.netloc or "#" in resource:
            raise InvalidTargetError
    return resources


def target_of(
    servers: Collection[ResourceServer],
    scopes: Iterable[str],
    resources: tuple[str, ...],
    *,
    asked_for_scopes: bool,
) -> Target:
    """What a new grant, or a client's token for itself, is for.

    Raises:
        InvalidTargetError: a resource that is not registered.
        InvalidScopeError: a scope that no resource server owns, or none of the requested ones; or no scope at all.
    """
    owners = {scope.name: server.resource for server in servers for scope in server.scopes}
    resources = _audiences(resources, [server.resource for server in servers])
    wanted = tuple(dict.fromkeys(scopes))
    if not asked_for_scopes:  # the client's own scopes, as far as they make sense for this request
        wanted = tuple(scope for scope in wanted if owners.get(scope) in (resources or owners.values()))
    if not wanted or any(owners.get(scope) not in (resources or owners.values()) for scope in wanted):
        raise InvalidScopeError
    return Target(wanted, resources or tuple(dict.fromkeys(owners[scope] for scope in wanted)))


def narrowed(
    find_servers: Callable[[], Iterable[ResourceServer]], target: Target, resources: tuple[str, ...]
) -> Target:
    """A grant's target cut down to the resources of one token request (RFC 8707 §2.2). Raises InvalidTargetError.

    The servers are only looked up when a resource was requested, which is rare.
    """
    if not resources:
        return target
    resources = _audiences(resources, target.audience)
    owners = {scope.name: server.resource for server in find_servers() for scope in server.scopes}
    return Target(tuple(scope for scope in target.scopes if owners.get(scope) in resources), resources)


def _audiences(resources: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The registered resource that each of `resources` is or lies below (RFC 8707 §2 lets a server map so)."""
    audiences = []
    for resource in resources:
        matching = [name for name in known if resource == name or (name.endswith("/") and resource.startswith(name))]
        if not matching:
            raise InvalidTargetError
        audiences.append(max(matching, key=len))
    return tuple(dict.fromkeys(audiences))
