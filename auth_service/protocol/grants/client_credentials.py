"""The client credentials grant (RFC 6749 §4.4): a token for the client itself. It stands for no person."""

from authlib.oauth2.rfc6749 import grants as authlib_grants

from auth_service.models.client import Client
from auth_service.models.tokens import AccessTokenClaims
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.errors import ClientAuthenticationFailedError, ClientChangedError
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.resource_indicators import audience_of, requested_target
from auth_service.protocol.tokens.issuance import TokenAnswer


class ClientCredentialsGrant(authlib_grants.ClientCredentialsGrant):
    """For confidential clients only: a public one has nothing to authenticate with."""

    TOKEN_ENDPOINT_AUTH_METHODS = tuple(method for method in CLIENT_AUTH_METHODS if method != "none")
    request: ProtocolRequest
    server: AuthorizationServer

    def create_token_response(self) -> tuple[int, dict[str, str | int], list[tuple[str, str]]]:
        """An access token whose `sub` is the client id, never an account's (RFC 9700 §4.15); no refresh token."""
        try:
            answer = self._issue(self.request.authenticated_client)
        except ClientChangedError:  # what we remember of the client may be a second old
            client = self.server.parts.clients.find(self.request.authenticated_client.client_id)
            if client is None:
                raise ClientAuthenticationFailedError from None
            answer = self._issue(client)
        return 200, answer, self.TOKEN_RESPONSE_HEADER

    def _issue(self, client: Client) -> TokenAnswer:
        servers = self.server.parts.resource_servers.registered()
        target = requested_target(servers, client, self.request)
        claims = AccessTokenClaims(
            client_id=client.client_id,
            sub=client.client_id,
            username=None,
            aud=target.audience,
            scope=" ".join(target.scopes),
            jkt=self.request.proven_key,
        )
        client_audience = audience_of(servers, client.scopes)
        return self.server.parts.issuance.issue_client_token(client, claims, client_audience)
