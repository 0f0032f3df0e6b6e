"""With the client credentials grant (RFC 6749 §4.4) a client gets a token for itself, which stands for no person."""

from authlib.oauth2.rfc6749 import UnauthorizedClientError
from authlib.oauth2.rfc6749 import grants as authlib_grants

from auth_service.models.client import Client
from auth_service.models.tokens import AccessTokenClaims
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.errors import ClientAuthenticationFailedError, ClientChangedError
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.resource_indicators import Target, requested_target
from auth_service.protocol.tokens.issuance import TokenAnswer, TokenIssuance
from auth_service.storage.clients import ClientStore
from auth_service.storage.resource_servers import ResourceServerStore


class ClientCredentialsGrant(authlib_grants.ClientCredentialsGrant):
    """It is for confidential clients only: a public one has nothing to authenticate with."""

    TOKEN_ENDPOINT_AUTH_METHODS = tuple(method for method in CLIENT_AUTH_METHODS if method != "none")
    request: ProtocolRequest
    server: AuthorizationServer

    def __init__(
        self,
        request: ProtocolRequest,
        server: AuthorizationServer,
        clients: ClientStore,
        resource_servers: ResourceServerStore,
        issuance: TokenIssuance,
    ) -> None:
        super().__init__(request, server)
        self._clients = clients
        self._resource_servers = resource_servers
        self._issuance = issuance

    def validate_token_request(self) -> None:
        """Check all that can be wrong, in this order, each with its error."""
        request = self.request
        request.client = client = self.authenticate_token_endpoint_client()  # invalid_client
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant.")
        self._target = self._target_for(client)  # invalid_scope, invalid_target
        self.server.check_proof(request)  # invalid_dpop_proof, use_dpop_nonce

    def create_token_response(self) -> tuple[int, TokenAnswer, list[tuple[str, str]]]:
        """Issue an access token whose `sub` is the client id, never an account's (RFC 9700 §4.15); no refresh token."""
        try:
            answer = self._issue(self.request.authenticated_client, self._target)
        except ClientChangedError:  # what we remember of the client may be a second old
            client = self._clients.find(self.request.authenticated_client.client_id)
            if client is None:
                raise ClientAuthenticationFailedError from None
            answer = self._issue(client, self._target_for(client))
        return 200, answer, self.TOKEN_RESPONSE_HEADER

    def _target_for(self, client: Client) -> Target:
        """At a front only people have anything: what a client has for itself it can take where it belongs."""
        return requested_target(self._resource_servers.resources_of_clients(), client, self.request)

    def _issue(self, client: Client, target: Target) -> TokenAnswer:
        claims = AccessTokenClaims(
            client_id=client.client_id,
            sub=client.client_id,
            username=None,
            aud=target.audience,
            scope=" ".join(target.scopes),
            jkt=self.request.proven_key,
        )
        client_audience = self._resource_servers.resources_of_clients().owners_of(client.scopes)
        return self._issuance.issue_client_token(client, claims, client_audience)
