"""An authorization request (RFC 6749 §4.1.1) is checked here, and answered with a code.

How the code is exchanged is `grants/authorization_code.py`.
"""

from collections.abc import Callable

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    AuthorizationEndpointMixin,
    BaseGrant,
    InvalidClientError,
    InvalidRequestError,
    UnauthorizedClientError,
)

from auth_service.crypto.token_handle import TokenHandle, TokenKeyRing, TokenKind, new_grant_id
from auth_service.models.client import Client
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.grants.code_challenge import requested_code_challenge
from auth_service.protocol.grants.creation import Decision, FirstCredential, GrantCreation
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.authentication_request import authentication_request
from auth_service.protocol.redirection import with_parameters
from auth_service.protocol.resource_indicators import requested_target
from auth_service.protocol.tokens.dpop import requested_dpop_jkt
from auth_service.protocol.tokens.signing_keys import SigningKeyRing
from auth_service.storage.resource_servers import ResourceServerStore


class AuthorizationRequest(BaseGrant, AuthorizationEndpointMixin):
    """It is the half of Authlib's code grant at /authorize. What it asks for is known once it was checked."""

    RESPONSE_TYPES = frozenset({"code"})
    request: ProtocolRequest
    server: AuthorizationServer
    client: Client
    redirect_uri: str

    def __init__(
        self,
        request: ProtocolRequest,
        server: AuthorizationServer,
        find_client: Callable[[str], Client | None],
        resource_servers: ResourceServerStore,
        signing_keys: SigningKeyRing,
        keys: TokenKeyRing,
        creation: GrantCreation,
        code_lifetime: int,
    ) -> None:
        """A code can be exchanged for `code_lifetime` seconds."""
        super().__init__(request, server)
        self._find_client = find_client
        self._resource_servers = resource_servers
        self._signing_keys = signing_keys
        self._keys = keys
        self._creation = creation
        self._code_lifetime = code_lifetime

    def validate_authorization_request(self) -> str:
        """Check all that can be wrong, in this order, each with its error. Returns the client's address.

        Raises an OAuth2Error that redirects only if client and address are beyond doubt (RFC 9700 §4.11.2).
        """
        request = self.request
        request.refuse_repeated("client_id", "redirect_uri")
        client = self._find_client(request.form.get("client_id", ""))
        if client is None:
            raise InvalidClientError("client_id is missing or unknown.")
        redirect_uri = request.form.get("redirect_uri") or client.get_default_redirect_uri()
        if redirect_uri is None:
            raise InvalidRequestError("redirect_uri is missing, and the client has not exactly one.")
        if not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("redirect_uri is not one that the client registered.")
        try:
            self._check_parameters(client)
        except OAuth2Error as error:
            error.redirect_uri = redirect_uri
            raise
        request.client = client
        return redirect_uri

    def _check_parameters(self, client: Client) -> None:
        """Check what the client itself hears of."""
        request, response_type = self.request, self.request.form.get("response_type")
        request.refuse_repeated()
        if response_type is None:
            raise InvalidRequestError("response_type is required.")
        if response_type not in self.RESPONSE_TYPES:
            raise OAuth2Error("Only response_type=code is supported.", error="unsupported_response_type")
        if not client.check_response_type(response_type):
            raise UnauthorizedClientError("The client may not use this response_type.")
        if request.form.get("response_mode") not in {None, "query"}:
            raise InvalidRequestError("Only response_mode=query is supported.")
        if client.require_pushed_authorization_requests and request.direct:
            raise InvalidRequestError("This client must push its authorization requests.")
        for parameter in ("request", "request_uri", "registration"):
            if parameter in request.form:
                raise OAuth2Error(f"{parameter} is not supported here.", error=f"{parameter}_not_supported")
        self.code_challenge = requested_code_challenge(request, client)  # invalid_request
        self.dpop_jkt = requested_dpop_jkt(request)  # invalid_request
        self.target = requested_target(
            self._resource_servers.resources(), client, request
        )  # invalid_target, invalid_scope
        self.authentication = authentication_request(
            request, client, self._signing_keys, self.server.issuer
        )  # invalid_request

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Decision | None
    ) -> tuple[int, str, list[tuple[str, str]]]:
        """Give the client a code for what was decided, or `access_denied`."""
        if grant_user is None or not grant_user.allows_some_of(self.target):
            if grant_user is not None:
                self._creation.decline(self.request.authenticated_client, grant_user)
            raise AccessDeniedError(redirect_uri=redirect_uri)
        code = self._new_code(grant_user)
        if code is None:
            raise AccessDeniedError(redirect_uri=redirect_uri)
        parameters = {"code": code.text}
        if state := self.request.form.get("state"):
            parameters["state"] = state
        return 303, "", [("Location", with_parameters(redirect_uri, parameters))]

    def _new_code(self, decision: Decision) -> TokenHandle | None:
        """Return None if account, client or what was decided on has changed since the person was asked."""
        code = self._keys.make(TokenKind.AUTHORIZATION_CODE, new_grant_id(), 0)
        begun = self._creation.begin(
            self.request.authenticated_client,
            decision,
            self.target,
            FirstCredential(
                code.grant_id,
                code.digest,
                self._code_lifetime,
                redirect_uri=self.request.form.get("redirect_uri", ""),
                code_challenge=self.code_challenge,
                nonce=self.request.form.get("nonce", ""),
                dpop_jkt=self.dpop_jkt,
                acr_values=self.authentication.acr_values,
            ),
        )
        return code if begun else None
