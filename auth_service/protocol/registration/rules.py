"""A client may be registered with these ids, grants, redirect addresses and scopes, whoever registers it."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

from auth_service.models.account import SUBJECT_PREFIX
from auth_service.models.client import LONGEST_HOME_PAGE, TOKEN_EXCHANGE, Client, PkcePolicy
from auth_service.protocol.registration.name import name_problem
from auth_service.settings import is_loopback
from shared.outbound.destination import needed_of

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE_GRANT_TYPE, TOKEN_EXCHANGE)
"""An operator can register a client for these grants, all that the server has."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
"""An address begins so (RFC 3986 §3.1)."""
_MAX_URIS, _MAX_URI = 20, 1000


class ClientRefusedError(Exception):
    """The client can't be registered so; the message says why."""


class RedirectUriRefusedError(ClientRefusedError):
    """One of its redirect addresses is the reason (RFC 7591 §3.2.2)."""


def check_client(client: Client, known_scopes: Collection[str], *, private_schemes: bool = True) -> None:
    """Raise ClientRefusedError unless this client may be registered as it is.

    `private_schemes`: a public one may have addresses with a scheme of its own, which any other app could claim too.
    """
    may_be_called_so = client.document_host or _ID.fullmatch(client.client_id)
    if not may_be_called_so or client.client_id.startswith(SUBJECT_PREFIX):
        raise ClientRefusedError(
            f"a client id consists of letters, digits, - and _, and does not begin with {SUBJECT_PREFIX}"
        )
    if problem := name_problem(client.name):
        raise ClientRefusedError(problem)
    _check_who_is_behind(client)
    if (client.token_endpoint_auth_method == "private_key_jwt") != (client.jwks is not None):
        raise ClientRefusedError("a client has a jwks exactly if it authenticates with private_key_jwt")
    if client.public:
        _check_public_client(client)
    if (TOKEN_EXCHANGE in client.grant_types) != bool(client.exchange_from):
        raise ClientRefusedError("a client that may exchange tokens needs to know whose, and no other client does")
    if "authorization_code" in client.grant_types and not client.redirect_uris:
        raise RedirectUriRefusedError("a client with the authorization_code grant needs at least one redirect_uri")
    own_scheme = client.public and private_schemes
    if problem := _problem_among(client.redirect_uris, own_scheme=own_scheme):
        raise RedirectUriRefusedError(problem)
    if problem := _problem_among(client.post_logout_redirect_uris or (), own_scheme=own_scheme):
        raise ClientRefusedError(problem)
    for origin in client.origins or ():
        if not _is_origin(origin):
            raise ClientRefusedError(
                f"{origin[:100]}: an origin is https://host[:port] as browsers write it, or http on loopback"
            )
    unknown = set(client.scopes) - set(known_scopes)
    if not client.scopes or unknown:
        problem = (
            f"no resource server has the scope {', '.join(sorted(unknown))}" if unknown else "a client needs a scope"
        )
        raise ClientRefusedError(f"{problem}; there are: {', '.join(sorted(known_scopes)) or 'none'}")


def has_refused_scheme(uri: str, *, own_scheme: bool) -> bool:
    """Say whether an address has a scheme, neither https nor http, that may not be registered, whatever follows."""
    scheme = _SCHEME.match(uri)
    if scheme is None or scheme[1].lower() in {"https", "http"}:
        return False
    return not (own_scheme and _is_own_scheme(scheme[1]))


def _check_who_is_behind(client: Client) -> None:
    if client.client_uri is not None:
        needed = needed_of(client.client_uri, allow_private=True, longest=LONGEST_HOME_PAGE)
        if needed:
            raise ClientRefusedError(f"client_uri must be {needed}")
    if client.publisher is not None:
        if client.registered_itself:
            raise ClientRefusedError("a publisher is an operator's word, and this client registered itself")
        if problem := name_problem(client.publisher, "a publisher"):
            raise ClientRefusedError(problem)


def _check_public_client(client: Client) -> None:
    for grant_type in ("client_credentials", TOKEN_EXCHANGE):
        if grant_type in client.grant_types:
            raise ClientRefusedError(
                f"a public client can't have the {grant_type} grant: it has nothing to prove itself with"
            )
    if client.pkce == PkcePolicy.OPTIONAL:
        raise ClientRefusedError("a public client needs PKCE: it has nothing else to prove that the code is its own")


def _problem_among(uris: Collection[str], *, own_scheme: bool) -> str | None:
    if len(uris) > _MAX_URIS:
        return f"a client has at most {_MAX_URIS} addresses of one kind"
    problems = ((uri, _redirect_uri_problem(uri, own_scheme=own_scheme)) for uri in uris)
    return next((f"{uri[:100]}: {problem}" for uri, problem in problems if problem), None)


def _is_origin(text: str) -> bool:
    """Say whether a browser would write an origin so (RFC 6454 §6.2): it is compared byte for byte."""
    if "*" in text or _redirect_uri_problem(text, own_scheme=False) is not None:
        return False
    parts = urlsplit(text)
    default_port = ":443" if parts.scheme == "https" else ":80"
    return text == f"{parts.scheme}://{parts.netloc.lower()}" and not text.endswith((default_port, ":"))


def _is_own_scheme(scheme: str) -> bool:
    """Say whether it can be a native app's own: in reverse domain notation (RFC 8252 §7.1)."""
    return "." in scheme


def _redirect_uri_problem(uri: str, *, own_scheme: bool) -> str | None:
    """Say why an address may not be registered (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1)."""
    if len(uri) > _MAX_URI:
        return f"has more than {_MAX_URI} characters"
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "is not an address"
    if not uri.isascii() or not uri.isprintable() or any(character in uri for character in ' "\\<>^`{|}'):
        return "has a character that no address has"
    if "#" in uri:
        return "must not have a fragment"
    if "@" in parts.netloc:
        return "must not have a user name"
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return None if parts.hostname else "has no host"
    if own_scheme and _is_own_scheme(parts.scheme):
        return None
    return (
        "must be https; http is accepted on loopback, "
        "a reverse-domain scheme for public clients that an operator, or an initial access token, vouches for"
    )
