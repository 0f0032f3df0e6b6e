"""A client says in JSON what it is (RFC 7591 §2); that is read into a Client here, and written back.

What we have no use for is left out, as §2 demands: nothing is stored that nobody reads, and no address is ever fetched.
"""

import json
from collections.abc import Collection, Mapping

from auth_service.models.client import DEFAULT_ID_TOKEN_ALGORITHM, Client
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.registration.keys import checked_jwks
from auth_service.protocol.registration.rules import (
    ClientRefusedError,
    RedirectUriRefusedError,
    check_client,
    has_refused_scheme,
)
from auth_service.protocol.tokens.signing_keys import ALGORITHMS

Metadata = Mapping[str, object]

_GRANT_TYPES = ("authorization_code", "refresh_token")
"""Clients that register themselves get these grants, whatever they ask for beside: they bring a person back to an
address that was registered.

With `client_credentials` nobody would be asked; a device code works for whoever had it sent to somebody. Clients with
these an operator registers.
"""


def parse_metadata(body: bytes) -> Metadata:
    """Read a JSON object; members that are null count as left out (RFC 7592 §2.2). Raises ClientRefusedError."""
    try:
        metadata = json.loads(body.decode())
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise ClientRefusedError("the body must be a JSON object in UTF-8")
    return {name: value for name, value in metadata.items() if value is not None}


def describe(client: Client, metadata: Metadata, known_scopes: Collection[str], *, private_schemes: bool) -> None:
    """Make `client` what the metadata say, with defaults for what they leave out.

    Grants, types of responses, scopes, and schemes of redirect addresses that it can't have are left out (RFC 7591
    §3.2.1); where nothing is left, and for all else, ClientRefusedError is raised.
    """
    client.name = _text(metadata, "client_name", client.client_id)
    client.client_uri = _text(metadata, "client_uri", "") if "client_uri" in metadata else None
    client.token_endpoint_auth_method = _text(metadata, "token_endpoint_auth_method", _first_known_method(metadata))
    client.jwks = _jwks(metadata) if client.token_endpoint_auth_method == "private_key_jwt" else None
    asked_for = _texts(metadata, "grant_types", ("authorization_code",))
    client.grant_types = tuple(grant_type for grant_type in asked_for if grant_type in _GRANT_TYPES)
    client.redirect_uris = _redirect_uris(metadata, own_scheme=client.public and private_schemes)
    client.post_logout_redirect_uris = _texts(metadata, "post_logout_redirect_uris", ())
    client.id_token_signed_response_alg = _text(metadata, "id_token_signed_response_alg", DEFAULT_ID_TOKEN_ALGORITHM)
    scopes = dict.fromkeys(_text(metadata, "scope", "").split() or known_scopes)
    client.scopes = tuple(scope for scope in scopes if scope in known_scopes)
    client.dpop_bound_access_tokens = _flag(metadata, "dpop_bound_access_tokens")
    client.require_pushed_authorization_requests = _flag(metadata, "require_pushed_authorization_requests")
    if client.token_endpoint_auth_method not in CLIENT_AUTH_METHODS:
        raise ClientRefusedError(f"token_endpoint_auth_method must be one of {', '.join(CLIENT_AUTH_METHODS)}")
    if client.id_token_signed_response_alg not in ALGORITHMS:
        raise ClientRefusedError(f"id_token_signed_response_alg must be one of {', '.join(ALGORITHMS)}")
    if "authorization_code" not in client.grant_types:
        raise ClientRefusedError("grant_types must have authorization_code among them")
    if "code" not in _texts(metadata, "response_types", ("code",)):
        raise ClientRefusedError("response_types must have code among them, for the grant type authorization_code")
    check_client(client, known_scopes, private_schemes=private_schemes)


def registered_metadata(client: Client) -> dict[str, object]:
    """Return all that is registered, whoever asked for it (RFC 7591 §3.2.1), and never a secret."""
    return {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "client_name": client.name,
        **({"client_uri": client.client_uri} if client.client_uri else {}),
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "grant_types": client.grant_types,
        "response_types": ["code"],
        "scope": " ".join(client.scopes),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        **({"jwks": client.jwks} if client.jwks else {}),
        "id_token_signed_response_alg": client.id_token_signed_response_alg,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "require_pushed_authorization_requests": client.require_pushed_authorization_requests,
    }


def _first_known_method(metadata: Metadata) -> str:
    """Return the first of what a client lists (OpenID Connect Relying Party Metadata Choices 1.0 §2), or RFC 7591's.

    Who sent no keys proves nothing with them, and is held to that method only if it knows no other one of ours.
    """
    listed = _texts(metadata, "token_endpoint_auth_methods_supported", ())
    known = [method for method in listed if method in CLIENT_AUTH_METHODS]
    possible = [method for method in known if method != "private_key_jwt" or "jwks" in metadata]
    return next(iter(possible or known), "client_secret_basic")


def _text(metadata: Metadata, name: str, default: str) -> str:
    value = metadata.get(name, default)
    if not isinstance(value, str):
        raise ClientRefusedError(f"{name} must be a string")
    return value


def _texts(metadata: Metadata, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = metadata.get(name, default)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ClientRefusedError(f"{name} must be an array of strings")
    return tuple(dict.fromkeys(value))


def _flag(metadata: Metadata, name: str) -> bool:
    value = metadata.get(name, False)
    if not isinstance(value, bool):
        raise ClientRefusedError(f"{name} must be true or false")
    return value


def _redirect_uris(metadata: Metadata, *, own_scheme: bool) -> tuple[str, ...]:
    """Return the addresses, without those whose scheme is an app's own and may not be registered, if others remain.

    An editor lists addresses of all its releases at once; which one it uses is said at /authorize.
    """
    try:
        listed = _texts(metadata, "redirect_uris", ())
    except ClientRefusedError as refusal:
        raise RedirectUriRefusedError(str(refusal)) from None
    return tuple(uri for uri in listed if not has_refused_scheme(uri, own_scheme=own_scheme)) or listed


def _jwks(metadata: Metadata) -> dict[str, object]:
    if "jwks_uri" in metadata:
        raise ClientRefusedError("jwks_uri is not supported: we fetch no addresses. Send the keys themselves, as jwks")
    return checked_jwks(metadata.get("jwks"))
