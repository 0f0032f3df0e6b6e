"""The refresh grant (RFC 6749 §6): each refresh token works once and is replaced by the next (RFC 9700 §4.14.2)."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749 import grants as authlib_grants

from auth_service.crypto.token_handle import TokenHandle, TokenKind
from auth_service.models.client import Client
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.tokens.issuance import WORTHLESS
from auth_service.storage.grant_records import GoodGrant


@dataclass(frozen=True, slots=True)
class _PresentedRefreshToken:
    """A refresh token that we made, of a grant that is good; whether it was spent before, the last step finds out."""

    handle: TokenHandle
    grant: GoodGrant

    def check_client(self, client: Client) -> bool:
        """For Authlib. Raises InvalidGrantError for another's."""
        if self.grant.client_id != client.client_id:
            raise InvalidGrantError(WORTHLESS)
        return True

    def get_scope(self) -> str:
        """For Authlib: the scope that was granted, however narrow earlier access tokens were (§6)."""
        return " ".join(self.grant.scopes)


class RefreshTokenGrant(authlib_grants.RefreshTokenGrant):
    """Authlib checks client, binding and scope; all of that comes before the one step that spends the token."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH_METHODS
    request: ProtocolRequest
    server: AuthorizationServer

    def authenticate_refresh_token(self, refresh_token: str) -> _PresentedRefreshToken:
        """Parse and verify without touching a store, then one query: are grant, account and client still good.

        Raises InvalidGrantError.
        """
        handle = self.server.parts.keys.parse(refresh_token)
        if handle is None or handle.kind is not TokenKind.REFRESH_TOKEN:
            raise InvalidGrantError(WORTHLESS)
        grant = self.server.parts.records.find_good(handle.grant_id)
        if grant is None:
            raise InvalidGrantError(WORTHLESS)
        return _PresentedRefreshToken(handle, grant)

    def create_token_response(self) -> tuple[int, dict[str, str | int], list[tuple[str, str]]]:
        """Spend the token. Its successor carries the full granted scope, also if this access token is narrower."""
        presented: _PresentedRefreshToken = self.request.refresh_token
        asked_for = (self.request.payload.scope or presented.get_scope()).split()
        scopes = tuple(scope for scope in presented.grant.scopes if scope in asked_for)
        answer, _ = self.server.parts.issuance.rotate(presented.handle, presented.grant, scopes, self.request)
        return 200, answer, self.TOKEN_RESPONSE_HEADER
