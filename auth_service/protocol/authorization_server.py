"""The authorization server: what its grants and endpoints work with, and how requests and errors pass through it.

Which grants it has is `features.py`, which endpoints `auth_service/routes.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import AuthorizationServer as AuthlibAuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.crypto.token_handle import TokenKeyRing
from auth_service.models.client import Client
from auth_service.protocol.clients.authentication import ClientAuthentication
from auth_service.protocol.errors import InvalidDpopProofError, printable
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.redirection import with_parameters
from auth_service.protocol.tokens.dpop import DpopProofs
from auth_service.protocol.tokens.ending import GrantRevocation
from auth_service.protocol.tokens.issuance import TokenIssuance
from auth_service.protocol.tokens.signing_keys import SigningKeyRing
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.device_authorizations import DeviceAuthorizationStore
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.throttle import Throttle


@dataclass(frozen=True, slots=True)
class ServerParts:
    """What the rules need: stores to ask, steps to call, and times in seconds."""

    issuer: str
    keys: TokenKeyRing
    clients: ClientStore
    resource_servers: ResourceServerStore
    records: GrantRecordStore
    grants: GrantStore
    ends: GrantEnds
    pushed_requests: AuthorizationRequestStore
    devices: DeviceAuthorizationStore
    throttle: Throttle
    authentication: ClientAuthentication
    dpop: DpopProofs
    issuance: TokenIssuance
    revocation: GrantRevocation
    signing_keys: SigningKeyRing
    grant_lifetime: int
    code_lifetime: int
    registers_clients: bool
    """Whether there is a registration endpoint (RFC 7591)."""


class AuthorizationServer(AuthlibAuthorizationServer):
    """Authlib's server on plain values instead of a framework's request and response."""

    def __init__(self, parts: ServerParts) -> None:
        super().__init__()
        self.parts = parts

    def query_client(self, client_id: str) -> Client | None:
        """The client with this id. One that no client could have isn't looked up."""
        return self.parts.clients.find(client_id) if client_id.isascii() and "\0" not in client_id else None

    def authenticate_client(
        self,
        request: ProtocolRequest,
        methods: Collection[str],
        endpoint: str = "token",
    ) -> Client:
        """See `clients/authentication.py`; Authlib's own is not used."""
        return self.parts.authentication.authenticate(request, self.parts.clients, methods, endpoint)

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        """Ours already are what Authlib wants."""
        return request

    def validate_authorization_request(self, request: ProtocolRequest) -> Any:
        """The grant that would answer an authorization request, or an OAuth2Error.

        There is one, and it says itself which response types it has: Authlib's choice by response type answers 500 for
        some values and the wrong error for a missing one.
        """
        grant_class, _ = self._authorization_grants[0]
        grant = grant_class(request, self)
        grant.validate_consent_request()
        return grant

    def create_token_response(self, request: ProtocolRequest) -> ProtocolResponse:
        """Run the grant that `grant_type` names (RFC 6749 §5)."""
        try:
            request.refuse_repeated()
            if request.payload.grant_type is None:
                raise InvalidRequestError("grant_type is required.")
            grant: Any = self.get_token_grant(request)
            grant.validate_token_request()
            self._look_for_proven_key(request)
            status, body, headers = grant.create_token_response()
            return self.handle_response(status, body, [*headers, *self.parts.dpop.next_nonce(request.proven_key)])
        except OAuth2Error as error:
            return self.handle_error_response(request, error)

    def handle_response(self, status: int, body: Any, headers: Any) -> ProtocolResponse:
        """Also adds the issuer to everything that goes back to a client through the browser (RFC 9207 §2)."""
        return ProtocolResponse(
            status,
            body,
            [
                (name, with_parameters(value, {"iss": self.parts.issuer}) if name == "Location" else value)
                for name, value in headers
            ],
        )

    def handle_error_response(self, request: ProtocolRequest, error: OAuth2Error) -> ProtocolResponse:
        """An error, sent back the way it has to go."""
        if not error.redirect_uri:
            return refusal(error)
        body = _told_of(error)
        if request.payload.state:
            body["state"] = request.payload.state
        return self.handle_response(303, "", [("Location", with_parameters(error.redirect_uri, body))])

    def _look_for_proven_key(self, request: ProtocolRequest) -> None:
        """After the grant's checks and before its one step, so that a bad proof spends nothing (RFC 9449 §5)."""
        request.proven_key = self.parts.dpop.proven_key(request)
        if request.authenticated_client.dpop_bound_access_tokens and not request.proven_key:
            raise InvalidDpopProofError("This client must send a DPoP proof.")

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens to Authlib's signals."""


def refusal(error: OAuth2Error) -> ProtocolResponse:
    """The answer to a program whose request raised this (RFC 6749 §5.2)."""
    return ProtocolResponse(error.status_code, _told_of(error), error.get_headers())


def _told_of(error: OAuth2Error) -> dict[str, str]:
    """What a client reads of an error, in the characters that OAuth allows."""
    told = {"error": str(error.error)}
    if description := error.get_error_description():
        told["error_description"] = printable(description)
    return told
