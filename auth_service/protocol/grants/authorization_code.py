"""The authorization code grant (RFC 6749 §4.1) with PKCE for every client and codes that work once.

Here are both its halves: what /authorize demands of a request and turns into a code, and what /token demands of a code.
"""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749 import grants as authlib_grants

from auth_service.crypto.token_handle import TokenHandle, TokenKind, new_grant_id
from auth_service.models.client import Client
from auth_service.models.tokens import CodeGrant
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.errors import InvalidDpopProofError
from auth_service.protocol.grants.code_challenge import check_code_verifier, requested_code_challenge
from auth_service.protocol.grants.code_exchange import exchange_code
from auth_service.protocol.grants.creation import Decision, begin_grant
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.authentication_request import authentication_request
from auth_service.protocol.redirection import with_parameters
from auth_service.protocol.resource_indicators import requested_target
from auth_service.protocol.tokens.dpop import requested_dpop_jkt


class AuthorizationCodeGrant(authlib_grants.AuthorizationCodeGrant):
    """Authlib runs the steps; the rules are in the methods."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH_METHODS
    request: ProtocolRequest
    server: AuthorizationServer

    # /authorize

    def validate_authorization_request(self) -> str:
        """Check everything; remember client, challenge, target and how the person is to be asked.

        Raises an OAuth2Error that redirects only if client and address are beyond doubt (RFC 9700 §4.11.2).
        """
        client = self._requesting_client()
        redirect_uri = self._valid_redirect_uri(client)
        try:
            self._check_parameters(client)
            self.code_challenge = requested_code_challenge(self.request)
            self.dpop_jkt = requested_dpop_jkt(self.request)
            self.target = requested_target(self.server.parts.resource_servers.all(), client, self.request)
            parts = self.server.parts
            self.authentication = authentication_request(self.request, client, parts.signing_keys, parts.issuer)
        except OAuth2Error as error:
            error.redirect_uri = redirect_uri
            raise
        self.request.client = client
        return redirect_uri

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Decision | None
    ) -> tuple[int, str, list[tuple[str, str]]]:
        """A code for what was decided, or `access_denied`."""
        if grant_user is None or not grant_user.allows_some_of(self.target):
            raise AccessDeniedError(redirect_uri=redirect_uri)
        parameters = {"code": self._new_code(grant_user).text}
        if self.request.payload.state:
            parameters["state"] = self.request.payload.state
        return 303, "", [("Location", with_parameters(redirect_uri, parameters))]

    def _requesting_client(self) -> Client:
        self.request.refuse_repeated("client_id", "redirect_uri")
        client_id = self.request.payload.client_id
        client = self.server.query_client(client_id) if client_id else None
        if client is None:
            raise InvalidClientError("client_id is missing or unknown.")
        return client

    def _valid_redirect_uri(self, client: Client) -> str:
        requested: str | None = self.request.payload.redirect_uri
        if requested is None:
            only = client.get_default_redirect_uri()
            if only is None:
                raise InvalidRequestError("redirect_uri is missing, and the client has not exactly one.")
            return only
        if not client.check_redirect_uri(requested):
            raise InvalidRequestError("redirect_uri is not one that the client registered.")
        return requested

    def _check_parameters(self, client: Client) -> None:
        self.request.refuse_repeated()
        response_type = self.request.payload.response_type
        if response_type is None:
            raise InvalidRequestError("response_type is required.")
        if response_type not in self.RESPONSE_TYPES:
            raise OAuth2Error("Only response_type=code is supported.", error="unsupported_response_type")
        if not client.check_response_type(response_type):
            raise UnauthorizedClientError("The client may not use this response_type.")
        if self.request.form.get("response_mode") not in {None, "query"}:
            raise InvalidRequestError("Only response_mode=query is supported.")
        if client.require_pushed_authorization_requests and self.request.direct:
            raise InvalidRequestError("This client must push its authorization requests.")
        for parameter in ("request", "request_uri", "registration"):
            if parameter in self.request.form:
                raise OAuth2Error(error=f"{parameter}_not_supported")

    def _new_code(self, decision: Decision) -> TokenHandle:
        parts = self.server.parts
        code = parts.keys.make(TokenKind.AUTHORIZATION_CODE, new_grant_id(), 0)
        begun = begin_grant(
            parts,
            self.request.authenticated_client,
            decision,
            self.target,
            grant_id=code.grant_id,
            code_digest=code.digest,
            lifetime=parts.code_lifetime,
            redirect_uri=self.request.payload.redirect_uri or "",
            code_challenge=self.code_challenge,
            nonce=self.request.form.get("nonce", ""),
            dpop_jkt=self.dpop_jkt,
        )
        if not begun:
            raise AccessDeniedError(redirect_uri=self.redirect_uri)
        return code

    # /token

    def query_authorization_code(self, code: str, client: Client) -> CodeGrant | None:
        """The request behind a code of this client, also if the code was spent: the last step finds that out."""
        handle = self.server.parts.keys.parse(code)
        if handle is None or handle.kind is not TokenKind.AUTHORIZATION_CODE:
            return None
        code_grant = self.server.parts.grants.find_code_grant(handle.grant_id)
        if code_grant is None or code_grant.client_id != client.client_id:
            return None
        self.handle = handle
        return code_grant

    def validate_token_request(self) -> None:
        """Authlib's checks of client, code and redirect_uri, then the verifier. None of them spends anything."""
        super().validate_token_request()
        check_code_verifier(self.request, self.request.authorization_code.code_challenge)

    def create_token_response(self) -> tuple[int, dict[str, str | int], list[tuple[str, str]]]:
        """Spend the code; the second valid use ends the grant."""
        if self.request.authorization_code.dpop_jkt not in {"", self.request.proven_key}:
            raise InvalidDpopProofError("This code is bound to another key (dpop_jkt).")
        grant = self.server.parts.records.find_good(self.handle.grant_id)
        if grant is None:
            raise InvalidGrantError("The grant behind this code has ended.")
        return 200, exchange_code(self.server.parts, self.handle, grant, self.request), self.TOKEN_RESPONSE_HEADER
