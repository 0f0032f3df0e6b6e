"""At the token endpoint a code is exchanged (RFC 6749 §4.1.3): it works once, and with PKCE for every client.

How a code comes about is `authorization/request.py`.
"""

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc6749 import grants as authlib_grants

from auth_service.crypto.token_handle import TokenKeyRing, TokenKind
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.errors import InvalidDpopProofError
from auth_service.protocol.grants.code_challenge import check_code_verifier
from auth_service.protocol.grants.code_exchange import CodeExchange
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.resource_indicators import Target, narrowed_target
from auth_service.protocol.tokens.issuance import TokenAnswer
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.resource_servers import ResourceServerStore


class AuthorizationCodeGrant(authlib_grants.AuthorizationCodeGrant):
    """It is for a code that was given to this client. Whether that was spent before, only the last step finds out."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH_METHODS
    request: ProtocolRequest
    server: AuthorizationServer

    def __init__(
        self,
        request: ProtocolRequest,
        server: AuthorizationServer,
        keys: TokenKeyRing,
        grants: GrantStore,
        records: GrantRecordStore,
        resource_servers: ResourceServerStore,
        codes: CodeExchange,
    ) -> None:
        super().__init__(request, server)
        self._keys = keys
        self._grants = grants
        self._records = records
        self._resource_servers = resource_servers
        self._codes = codes

    def validate_token_request(self) -> None:
        """Check all that can be wrong, in this order, each with its error. Nothing is spent."""
        request = self.request
        request.client = client = self.authenticate_token_endpoint_client()  # invalid_client
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant.")
        if "code" not in request.form:
            raise InvalidRequestError("code is required.")
        handle = self._keys.parse(request.form["code"])
        if handle is None or handle.kind is not TokenKind.AUTHORIZATION_CODE:
            raise InvalidGrantError("This code is not one of ours.")
        begun = self._grants.find_code_grant(handle.grant_id)
        if begun is None or begun.client_id != client.client_id:
            raise InvalidGrantError("This code has expired, or its grant has ended, or it is another client's.")
        if begun.redirect_uri and request.form.get("redirect_uri") != begun.redirect_uri:
            raise InvalidGrantError("redirect_uri is not the one of the authorization request.")
        check_code_verifier(request, begun.code_challenge)  # invalid_request, invalid_grant
        grant = self._records.find_good(handle.grant_id)  # one query: are grant, account and client still good?
        if grant is None:
            raise InvalidGrantError("The grant behind this code has ended.")
        self._same_request = self.server.same_request(request)  # invalid_request
        granted = Target(grant.scopes, grant.audience)
        self._target = narrowed_target(
            self._resource_servers.resources, granted, grant.scopes, request
        )  # invalid_target
        self.server.check_proof(request)  # invalid_dpop_proof, use_dpop_nonce
        if begun.dpop_jkt not in {"", request.proven_key}:
            raise InvalidDpopProofError("This code is bound to another key (dpop_jkt).")
        self._handle, self._grant = handle, grant

    def create_token_response(self) -> tuple[int, TokenAnswer, list[tuple[str, str]]]:
        """Spend the code. That it was spent before, only the step itself finds out (invalid_grant); its grant ends."""
        answer = self._codes.exchange(self._handle, self._grant, self._target, self._same_request, self.request)
        return 200, answer, self.TOKEN_RESPONSE_HEADER
