"""Clients register themselves here (RFC 7591) and manage what they registered (RFC 7592).

Authlib's endpoints are not used: they issue secrets to public clients and answer bad tokens with 400.
"""

import hmac
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import SECRET_METHODS, Client, new_client_id
from auth_service.models.secret import REGISTRATION_ACCESS_TOKEN, new_secret, secret_digest
from auth_service.models.tokens import RevokedBecause
from auth_service.protocol.errors import (
    BearerTokenRefusedError,
    InvalidClientMetadataError,
    InvalidRedirectUriError,
    TooManyFailuresError,
    TooManyRequestsError,
    UnapprovedSoftwareStatementError,
    printable,
)
from auth_service.protocol.oauth_request import JsonRequest, ProtocolResponse
from auth_service.protocol.registration.client_metadata import Metadata, describe, parse_metadata, registered_metadata
from auth_service.protocol.registration.name import pretence
from auth_service.protocol.registration.rules import ClientRefusedError, RedirectUriRefusedError
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.clients import ClientStore
from auth_service.storage.errors import NameSettledError, NotFoundError
from auth_service.storage.initial_access_tokens import InitialAccessTokenStore
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.throttle import Throttle

_ONLY_IN_ANSWERS = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)

_NAME_SETTLED = "client_name can't be changed: somebody allowed the client something under the name that it has."

_log = logging.getLogger(__name__)


class DynamicRegistration:
    """Each method answers one request or raises an OAuth2Error."""

    def __init__(
        self,
        issuer: str,
        clients: ClientStore,
        resource_servers: ResourceServerStore,
        revocation: GrantRevocation,
        throttle: Throttle,
        initial_access_tokens: InitialAccessTokenStore | None,
        unused_client_lifetime: int,
        retry: str,
        *,
        private_schemes: bool,
    ) -> None:
        """Without `initial_access_tokens`, anybody may register clients.

        A client that nobody uses is kept for `unused_client_lifetime` seconds. Each gets this policy of `retry`.
        Without `private_schemes`, only who has an initial access token may have addresses with a scheme of its own.
        """
        self._issuer = issuer
        self._clients = clients
        self._resource_servers = resource_servers
        self._revocation = revocation
        self._throttle = throttle
        self._initial_access_tokens = initial_access_tokens
        self._unused_client_lifetime = timedelta(seconds=unused_client_lifetime)
        self._retry = retry
        self._private_schemes = private_schemes or initial_access_tokens is not None

    def register(self, request: JsonRequest) -> ProtocolResponse:
        """Ask who may, then what it is; store the client and the use of its token in one transaction (RFC 7591 §3)."""
        if wait := self._throttle.registration(request.remote_address):
            raise TooManyRequestsError(wait)
        token = None
        if self._initial_access_tokens is not None:
            token = request.bearer_token
            if token is None or not self._initial_access_tokens.is_good(token):
                raise BearerTokenRefusedError(presented=token is not None)
        registration_token = new_secret(REGISTRATION_ACCESS_TOKEN)
        client = Client(
            client_id=new_client_id(),
            own_grant_id=new_grant_id(),
            registration_token_digest=secret_digest(registration_token),
            unused_until=now() + self._unused_client_lifetime,
            retry=self._retry,
        )
        secret = self._description(_read(request))(client)
        if not self._clients.register(client, self._resource_servers.resources().owners_of(client.scopes), token):
            raise BearerTokenRefusedError(presented=True)
        _log.info("client registered itself", extra={"client_id": client.client_id})
        return self._response(201, client, registration_token, secret)

    def read(self, request: JsonRequest, client_id: str) -> ProtocolResponse:
        """Show the registration without its secret, of which we hold a digest only (RFC 7592 §2.1)."""
        client, token = self._managed_client(request, client_id)
        return self._response(200, client, token, None)

    def update(self, request: JsonRequest, client_id: str) -> ProtocolResponse:
        """Replace the registration: what the request leaves out goes back to its default (RFC 7592 §2.2)."""
        client, token = self._managed_client(request, client_id)
        metadata = _read(request)
        for name in _ONLY_IN_ANSWERS:
            if name in metadata:
                raise InvalidClientMetadataError(f"{name} must not be sent.")
        if metadata.get("client_id") != client.client_id:
            raise InvalidClientMetadataError("client_id is required and must be the registered one.")
        secret, describe_client = metadata.get("client_secret", ""), self._description(metadata)
        new_secrets: list[str | None] = []

        def change(client: Client) -> None:
            if "client_secret" in metadata and not (isinstance(secret, str) and client.check_client_secret(secret)):
                raise InvalidClientMetadataError("client_secret can be left out; it must not be another one.")
            new_secrets.append(describe_client(client))

        try:
            client = self._revocation.change_client(client_id, change, RevokedBecause.CLIENT)
        except NotFoundError:
            raise BearerTokenRefusedError(presented=True) from None
        except NameSettledError:
            raise InvalidClientMetadataError(_NAME_SETTLED) from None
        _log.info("client changed its registration", extra={"client_id": client.client_id})
        return self._response(200, client, token, new_secrets[-1])

    def delete(self, request: JsonRequest, client_id: str) -> ProtocolResponse:
        """End the client with its grants and tokens, this token included (RFC 7592 §2.3)."""
        client, _ = self._managed_client(request, client_id)
        self._revocation.delete_client(client.client_id)
        _log.info("client deleted itself", extra={"client_id": client.client_id})
        return ProtocolResponse(204, "", [("Cache-Control", "no-store")])

    def _managed_client(self, request: JsonRequest, client_id: str) -> tuple[Client, str]:
        """Find the client. Wrong tokens, unknown and deleted clients get one answer; a right token always works."""
        token, client = request.bearer_token, self._clients.find(client_id)
        expected = (client and client.registration_token_digest) or ""
        if client is None or token is None or not hmac.compare_digest(expected, secret_digest(token)):
            if wait := self._throttle.client_failed(client_id, request.remote_address):
                raise TooManyFailuresError(wait)
            raise BearerTokenRefusedError(presented=token is not None)
        return client, token

    def _description(self, metadata: Metadata) -> Callable[[Client], str | None]:
        """Return what makes a client what the metadata say, and asks no store for it any more.

        It returns a new secret if the client needs one and has none.
        """
        if "software_statement" in metadata:
            raise UnapprovedSoftwareStatementError
        known_scopes, taken_names = self._resource_servers.scopes(), self._clients.names_by_operators()

        def describe_client(client: Client) -> str | None:
            former_name = client.name
            with _told_to_clients():
                describe(client, metadata, known_scopes, private_schemes=self._private_schemes)
                if client.name not in {former_name, client.client_id} and (
                    problem := pretence(client.name, taken_names)
                ):
                    raise ClientRefusedError(problem)
            if client.token_endpoint_auth_method not in SECRET_METHODS:
                client.replace_secret(None)
            elif client.secret_digest is None:
                secret = new_secret()
                client.replace_secret(secret_digest(secret))
                return secret
            return None

        return describe_client

    def _response(self, status: int, client: Client, token: str, secret: str | None) -> ProtocolResponse:
        body = {
            **registered_metadata(client),
            **({"client_secret": secret, "client_secret_expires_at": 0} if secret else {}),
            "registration_client_uri": f"{self._issuer}/register/{client.client_id}",
            "registration_access_token": token,
        }
        return ProtocolResponse(status, body, [("Cache-Control", "no-store"), ("Pragma", "no-cache")])


def _read(request: JsonRequest) -> Metadata:
    if request.media_type != "application/json":
        raise InvalidClientMetadataError("The body must be application/json.")
    with _told_to_clients():
        return parse_metadata(request.body)


@contextmanager
def _told_to_clients() -> Iterator[None]:
    """Refuse in the words of RFC 7591 §3.2.2."""
    try:
        yield
    except RedirectUriRefusedError as refusal:
        raise InvalidRedirectUriError(printable(f"{refusal}.")) from None
    except ClientRefusedError as refusal:
        raise InvalidClientMetadataError(printable(f"{refusal}.")) from None
