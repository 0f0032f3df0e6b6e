"""Callers are authenticated here, for every endpoint that asks who is calling (RFC 6749 §2.3, §3.2.1, RFC 7521 §4.2).

Unlike Authlib's: exactly one mechanism, form-decoded Basic, no 500 for malformed headers, one answer for all failures.
"""

import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.client import Client
from auth_service.models.secret import secret_digest
from auth_service.protocol.clients.assertion import ASSERTION_TYPE, ClientAssertion, ClientAssertions
from auth_service.protocol.errors import ClientAuthenticationFailedError, TooManyFailuresError
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.storage.throttle import Throttle

CLIENT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
PROOFS_OF_IDENTITY = {"client_secret", "client_assertion", "client_assertion_type"}
"""These parameters say who asks and don't change what is asked for."""


_UNKNOWN_DOCUMENT = (
    "client_id is an address. Its document is not accepted here, was not read yet (which is done at /authorize, "
    "without a pushed request, when somebody has signed in), or says that the client proves itself otherwise."
)
"""Which of these it is, nobody is told."""


class HasSecret(Protocol):
    """It is a client or a resource server."""

    def check_client_secret(self, client_secret: str) -> bool:
        """Say in constant time whether this is its secret."""

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Say whether it authenticates so."""


Caller = TypeVar("Caller", bound=HasSecret)
Caller_co = TypeVar("Caller_co", bound=HasSecret, covariant=True)


class Callers(Protocol[Caller_co]):
    """Callers are looked up here."""

    def recall(self, name: str, /) -> Caller_co | None:
        """Return the caller as it was at most a second ago."""

    def find(self, name: str, /) -> Caller_co | None:
        """Return the caller as it is now."""


@dataclass(frozen=True, slots=True)
class _Credentials:
    method: str
    client_id: str
    secret: str = field(repr=False, default="")
    assertion: ClientAssertion | None = field(repr=False, default=None)


class ClientAuthentication(Generic[Caller]):
    """It checks the credentials of clients, or of resource servers, and counts failures.

    A right secret is accepted however many failures there were before.
    """

    def __init__(self, callers: Callers[Caller], throttle: Throttle, assertions: ClientAssertions) -> None:
        self._callers = callers
        self._throttle = throttle
        self._assertions = assertions

    def authenticate(self, request: ProtocolRequest, methods: Collection[str], endpoint: str) -> Caller:
        """Return the caller as of at most a second ago: a new secret works at once, a replaced one that much longer.

        Raises:
            InvalidRequestError: more than one mechanism was used.
            ClientAuthenticationFailedError: anything else is wrong; the answer doesn't say what.
            TooManyFailuresError: the same, after too many failures from that address.
        """
        if caller := self.proven(request, methods, endpoint):
            return caller
        credentials = _presented(request)
        client_id = credentials.client_id if credentials else ""
        if wait := self._throttle.client_failed(client_id, request.remote_address):
            raise TooManyFailuresError(wait)
        problem = self._assertions.problem(credentials.assertion) if credentials and credentials.assertion else None
        if problem is None and client_id.startswith("https://"):
            problem = _UNKNOWN_DOCUMENT
        raise ClientAuthenticationFailedError(problem)

    def proven(self, request: ProtocolRequest, methods: Collection[str], endpoint: str) -> Caller | None:
        """Return the caller, or None if its credentials prove nothing, which is not counted."""
        credentials = _presented(request)
        if credentials and _could_exist(credentials.client_id):
            for look_up in (self._callers.recall, self._callers.find):
                caller = look_up(credentials.client_id)
                if self._is_proven(caller, credentials, methods, endpoint):
                    request.auth_method = credentials.method
                    return caller
                if caller is None:
                    break
        return None

    def _is_proven(
        self, caller: HasSecret | None, credentials: _Credentials, methods: Collection[str], endpoint: str
    ) -> bool:
        if caller is None:
            secret_digest(credentials.secret)  # as much work as for a known caller
            return False
        signs = credentials.method == "private_key_jwt"
        if signs and isinstance(caller, Client) and caller.may_send_a_needless_proof:
            return "none" in methods
        if credentials.method not in methods or not caller.check_endpoint_auth_method(credentials.method, endpoint):
            return False
        if signs:
            assertion = credentials.assertion
            return isinstance(caller, Client) and assertion is not None and self._assertions.prove(caller, assertion)
        return credentials.method == "none" or caller.check_client_secret(credentials.secret)


def _could_exist(client_id: str) -> bool:
    """Say whether a client could be called so. Others aren't looked up: PostgreSQL can't even be asked for a NUL."""
    return client_id.isascii() and client_id.isprintable()


def _presented(request: ProtocolRequest) -> _Credentials | None:
    header = request.headers.get("Authorization")
    client_id, secret = request.form.get("client_id"), request.form.get("client_secret")
    asserted = "client_assertion" in request.form or "client_assertion_type" in request.form
    if (header is not None) + (secret is not None) + asserted > 1:
        raise InvalidRequestError("Use one way to authenticate the client, not two.")
    if asserted:
        return _asserted(request.form, client_id)
    if header is not None:
        credentials = _basic(header)
        if credentials and client_id not in {None, credentials.client_id}:
            raise InvalidRequestError("client_id differs from the authenticated client.")
        return credentials
    if client_id is None:
        return None
    return _Credentials("none" if secret is None else "client_secret_post", client_id, secret or "")


def _asserted(form: Mapping[str, str], client_id: str | None) -> _Credentials | None:
    """Read an assertion. `client_id` is not needed; one that names another client proves nothing (RFC 7521 §4.2).

    Who needs no proof, and says who it is, may send one of a kind that can't be read here.
    """
    ours = form.get("client_assertion_type") == ASSERTION_TYPE
    assertion = ClientAssertion.parse(form.get("client_assertion", "")) if ours else None
    if client_id is None:
        if assertion is None:
            return None
        client_id = assertion.client_id
    return _Credentials("private_key_jwt", client_id, assertion=assertion)


def _basic(header: str) -> _Credentials | None:
    """Read Basic credentials (RFC 7617), form-encoded as RFC 6749 §2.3.1 has it.

    Our ids and secrets have no character that this encoding changes, so a client that sends them raw is understood too.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = binascii.a2b_base64(encoded.strip(), strict_mode=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return None
    client_id, colon, secret = text.partition(":")
    if "%" in text or "+" in text:
        client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    return _Credentials("client_secret_basic", client_id, secret) if colon else None
