"""Here it is decided which resource servers a token is for, and with which scopes (RFC 8707, RFC 9700 §2.3).

Each scope belongs to one resource server, so without a `resource` parameter the audience follows from the scopes.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import InvalidScopeError

from auth_service.models.client import Client
from auth_service.models.resource_server import ResourceServer
from auth_service.protocol.errors import InvalidTargetError
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.oauth_request import ProtocolRequest


@dataclass(frozen=True, slots=True)
class Target:
    """These scopes may be used at these resource servers."""

    scopes: tuple[str, ...]
    audience: tuple[str, ...]


def requested_resources(request: ProtocolRequest) -> tuple[str, ...]:
    """Return the `resource` parameters, which may be several. Raises InvalidTargetError."""
    resources = tuple(dict.fromkeys(request.parameters.get("resource", [])))
    for resource in resources:
        try:
            parts = urlsplit(resource)
        except ValueError:
            raise InvalidTargetError from None
        if not parts.scheme or not parts.netloc or "#" in resource:
            raise InvalidTargetError
    return resources


def requested_target(servers: Iterable[ResourceServer], client: Client, request: ProtocolRequest) -> Target:
    """Return what a client may have of what it asks for, where nothing was granted yet (RFC 6749 §3.3).

    Scopes that nobody knows, that the client hasn't, or that none of the resources owns are left out.

    Raises:
        InvalidTargetError: a resource that is not registered, or at which the client has no scopes.
        InvalidScopeError: no scope is left.
    """
    owners = _owners(servers)
    resources = _registered(requested_resources(request), owners)
    asked_for = dict.fromkeys(request.form["scope"].split() if "scope" in request.form else client.scopes)
    audience = resources or tuple(owners.values())
    if "scope" in request.form and OPENID in asked_for and OPENID in owners:  # signing in goes with any resource
        audience = (*audience, owners[OPENID])
    wanted = tuple(scope for scope in asked_for if scope in client.scopes and owners.get(scope) in audience)
    if resources and not wanted and "scope" not in request.form:
        raise InvalidTargetError
    return _target(owners, wanted, audience)


def ticked_target(servers: Iterable[ResourceServer], target: Target, ticked: Collection[str]) -> Target:
    """Return what is left of a target whose scopes a person ticked in part. Raises InvalidScopeError if nothing is."""
    return _target(_owners(servers), tuple(scope for scope in target.scopes if scope in ticked), target.audience)


def narrowed_target(
    find_servers: Callable[[], Iterable[ResourceServer]],
    granted: Target,
    scopes: tuple[str, ...],
    request: ProtocolRequest,
) -> Target:
    """Return what one token request wants of what was granted; the next may want something else (RFC 8707 §2.2).

    The servers are only looked up when it wants less than everything, which is rare.

    Raises:
        InvalidTargetError: a resource that is malformed or was not granted.
        InvalidScopeError: none of the scopes can be used there.
    """
    resources = requested_resources(request)
    if not resources and scopes == granted.scopes:
        return granted
    owners = _owners(find_servers())
    audience = _registered(resources, owners) or granted.audience
    if not set(audience) <= set(granted.audience):
        raise InvalidTargetError
    return _target(owners, tuple(scope for scope in scopes if owners.get(scope) in audience), audience)


def exchanged_target(
    servers: Collection[ResourceServer], client: Client, subject: Target, request: ProtocolRequest
) -> Target:
    """Return what a client gets for a token that is good for `subject` (RFC 8693 §2.1): without `scope`, all it may.

    Raises:
        InvalidTargetError: a resource or audience that the token is not for, or of which the client has no scope.
        InvalidScopeError: a scope that the token or the client has not, or that none of the resources owns.
    """
    owners = _owners(servers)
    named = (*requested_resources(request), *_requested_audience(servers, request))
    audience = _registered(named, owners) or subject.audience
    if not set(audience) <= set(subject.audience):
        raise InvalidTargetError
    allowed = [scope for scope in subject.scopes if scope in client.scopes]
    if "scope" not in request.form:
        wanted = tuple(scope for scope in allowed if owners.get(scope) in audience)
        if named and not wanted:
            raise InvalidTargetError
    else:
        wanted = tuple(dict.fromkeys(request.form["scope"].split()))
        if not set(wanted) <= set(allowed):
            raise InvalidScopeError
    return _target(owners, wanted, audience)


def audience_of(servers: Iterable[ResourceServer], scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the owners of these scopes."""
    owners = _owners(servers)
    return tuple(dict.fromkeys(owners[scope] for scope in scopes if scope in owners))


def _requested_audience(servers: Iterable[ResourceServer], request: ProtocolRequest) -> list[str]:
    """Return the `audience` parameters as resources: each is one, or the name of its server (RFC 8693 §2.1)."""
    by_name = {server.name: server.resource for server in servers}
    return [by_name.get(audience, audience) for audience in request.parameters.get("audience", [])]


def _registered(resources: Iterable[str], owners: dict[str, str]) -> tuple[str, ...]:
    """Return the registered resource that each of `resources` is or lies below (§2 lets a server map so)."""
    audiences = []
    for resource in resources:
        names = set(owners.values())
        matching = [name for name in names if resource == name or (name.endswith("/") and resource.startswith(name))]
        if not matching:
            raise InvalidTargetError
        audiences.append(max(matching, key=len))
    return tuple(dict.fromkeys(audiences))


def _owners(servers: Iterable[ResourceServer]) -> dict[str, str]:
    """Return each scope's resource server."""
    return {scope.name: server.resource for server in servers for scope in server.scopes}


def _target(owners: dict[str, str], scopes: tuple[str, ...], allowed: Collection[str]) -> Target:
    """Choose the owners of the scopes and nobody else, also if more resources were named (RFC 9700 §2.3)."""
    if not scopes or any(owners.get(scope) not in allowed for scope in scopes):
        raise InvalidScopeError("There is nothing among the requested scopes that could be granted there.")
    return Target(scopes, tuple(dict.fromkeys(owners[scope] for scope in scopes)))
