"""Here it is decided which resource servers a token is for, and with which scopes (RFC 8707, RFC 9700 §2.3).

Each scope belongs to one resource server, so without a `resource` parameter the audience follows from the scopes.
A front owns none. A grant for it reaches the owners of its scopes too, for whom the front exchanges tokens; a token for
it may carry those scopes and is good at the front alone.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import InvalidScopeError

from auth_service.models.client import Client
from auth_service.models.resource_server import Resources
from auth_service.protocol.errors import InvalidTargetError
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.oauth_request import ProtocolRequest


class Target(NamedTuple):
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


def requested_target(known: Resources, client: Client, request: ProtocolRequest) -> Target:
    """Return what a client may have of what it asks for, where nothing was granted yet (RFC 6749 §3.3).

    Scopes that nobody knows, that the client hasn't, or that none of the resources owns are left out.

    Raises:
        InvalidTargetError: a resource that is not registered, or at which the client has no scopes.
        InvalidScopeError: no scope is left.
    """
    owners = known.owners
    resources = _registered(requested_resources(request), known)
    if not resources and "scope" not in request.form:
        everything = tuple(scope for scope in client.scopes if scope in owners)
        if everything:
            return Target(everything, known.owners_of(everything))
    asked_for = dict.fromkeys(request.form["scope"].split() if "scope" in request.form else client.scopes)
    audience = resources or tuple(owners.values())
    if "scope" in request.form and OPENID in asked_for and OPENID in owners:  # signing in goes with any resource
        audience = (*audience, owners[OPENID])
    usable = _usable(known, audience)
    wanted = tuple(scope for scope in asked_for if scope in client.scopes and scope in usable)
    if resources and not wanted and "scope" not in request.form:
        raise InvalidTargetError
    if not known.fronts.isdisjoint(audience):
        audience = (*audience, *(owners[scope] for scope in wanted))
    return _target(known, wanted, audience)


def ticked_target(known: Resources, target: Target, ticked: Collection[str]) -> Target:
    """Return what is left of a target whose scopes a person ticked in part. Raises InvalidScopeError if nothing is."""
    return _target(known, tuple(scope for scope in target.scopes if scope in ticked), target.audience)


def narrowed_target(
    find_resources: Callable[[], Resources],
    granted: Target,
    scopes: tuple[str, ...],
    request: ProtocolRequest,
) -> Target:
    """Return what one token request wants of what was granted; the next may want something else (RFC 8707 §2.2).

    The resources are only looked up when it wants less than everything, which is rare.

    Raises:
        InvalidTargetError: a resource that is malformed or was not granted.
        InvalidScopeError: none of the scopes can be used there.
    """
    resources = requested_resources(request)
    if not resources and scopes == granted.scopes:
        return granted
    known = find_resources()
    audience = _registered(resources, known) or granted.audience
    if not set(audience) <= set(granted.audience):
        raise InvalidTargetError
    usable = _usable(known, audience)
    return _target(known, tuple(scope for scope in scopes if scope in usable), audience)


def exchanged_target(known: Resources, client: Client, subject: Target, request: ProtocolRequest) -> Target:
    """Return what a client gets for a token that is good for `subject` (RFC 8693 §2.1): without `scope`, all it may.

    The client of a front reaches with it the owners of its scopes; any other, whom it is for.

    Raises:
        InvalidTargetError: a resource or audience that the token is not for, or of which the client has no scope.
        InvalidScopeError: a scope that the token or the client has not, or that none of the resources owns.
    """
    owners = known.owners
    named = (*requested_resources(request), *_requested_audience(known, request))
    fronts = known.fronts & set(subject.audience)
    reached = set(subject.audience) - fronts
    if fronts & set(client.exchange_from):
        reached |= {owners[scope] for scope in subject.scopes if scope in owners}
    audience = _registered(named, known) or tuple(reached)
    if not set(audience) <= reached:
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
    return _target(known, wanted, audience)


def _requested_audience(known: Resources, request: ProtocolRequest) -> list[str]:
    """Return the `audience` parameters as resources: each is one, or the name of its server (RFC 8693 §2.1)."""
    return [known.by_name.get(audience, audience) for audience in request.parameters.get("audience", [])]


def _registered(resources: Iterable[str], known: Resources) -> tuple[str, ...]:
    """Return the registered resource that each of `resources` is or lies below (§2 lets a server map so)."""
    audiences = []
    for resource in resources:
        matching = [
            name
            for name in known.by_name.values()
            if resource == name or (name.endswith("/") and resource.startswith(name))
        ]
        if not matching:
            raise InvalidTargetError
        audiences.append(max(matching, key=len))
    return tuple(dict.fromkeys(audiences))


def _usable(known: Resources, audience: Collection[str]) -> set[str]:
    """Return the scopes that mean something to one of these; to a front, each does."""
    anywhere = not known.fronts.isdisjoint(audience)
    return {scope for scope, owner in known.owners.items() if anywhere or owner in audience}


def _target(known: Resources, scopes: tuple[str, ...], allowed: Collection[str]) -> Target:
    """Choose the fronts, the owners of the scopes and nobody else, also if more were named (RFC 9700 §2.3)."""
    if not scopes or not set(scopes) <= _usable(known, allowed):
        raise InvalidScopeError("There is nothing among the requested scopes that could be granted there.")
    named = (resource for resource in allowed if resource in known.fronts)
    of_scopes = (known.owners[scope] for scope in scopes if known.owners[scope] in allowed)
    return Target(scopes, tuple(dict.fromkeys((*named, *of_scopes))))
