"""With the refresh grant (RFC 6749 §6) each refresh token works once and is replaced by the next (RFC 9700 §4.14.2)."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc6749 import grants as authlib_grants

from auth_service.crypto.token_handle import TokenHandle, TokenKeyRing, TokenKind
from auth_service.models.tokens import RevokedBecause
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.resource_indicators import Target, narrowed_target
from auth_service.protocol.tokens.issuance import WORTHLESS, TokenAnswer, TokenIssuance
from auth_service.protocol.tokens.reuse import ReuseHandling
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.resource_servers import ResourceServerStore

ENDED = {
    RevokedBecause.CLIENT: "the client revoked it",
    RevokedBecause.REUSE: "a code or a refresh token was used twice",
    RevokedBecause.PERSON: "the person ended it",
    RevokedBecause.ACCOUNT_DISABLED: "the account was disabled",
    RevokedBecause.PASSWORD_CHANGED: "the person's password was changed",
    RevokedBecause.CLIENT_DELETED: "the client was deleted",
    RevokedBecause.OPERATOR: "an operator ended it",
}
"""What a client is told of its own grant."""


class RefreshTokenGrant(authlib_grants.RefreshTokenGrant):
    """It is for a token that was given to this client. Whether that was spent before, only the last step finds out."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH_METHODS
    request: ProtocolRequest
    server: AuthorizationServer

    def __init__(
        self,
        request: ProtocolRequest,
        server: AuthorizationServer,
        keys: TokenKeyRing,
        records: GrantRecordStore,
        resource_servers: ResourceServerStore,
        issuance: TokenIssuance,
        reuse: ReuseHandling,
    ) -> None:
        super().__init__(request, server)
        self._keys = keys
        self._records = records
        self._resource_servers = resource_servers
        self._issuance = issuance
        self._reuse = reuse

    def validate_token_request(self) -> None:
        """Check all that can be wrong, in this order, each with its error. Nothing is spent."""
        request = self.request
        request.client = client = self.authenticate_token_endpoint_client()  # invalid_client
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant.")
        if "refresh_token" not in request.form:
            raise InvalidRequestError("refresh_token is required.")
        handle = self._keys.parse(request.form["refresh_token"])
        if handle is None or handle.kind is not TokenKind.REFRESH_TOKEN:
            raise InvalidGrantError("This is no refresh token of ours.")
        grant = self._records.find_good(handle.grant_id)  # one query: are grant, account and client still good?
        if grant is None:
            raise InvalidGrantError(self._why_ended(handle, client.client_id))
        if grant.client_id != client.client_id:
            raise InvalidGrantError(WORTHLESS)
        self._handle, self._grant = handle, grant
        try:
            self._check_what_is_asked_for()
        except OAuth2Error:
            self._note_use()
            raise

    def _why_ended(self, handle: TokenHandle, client_id: str) -> str:
        """Tell the client of its own grant what ended it. Of anybody else's it learns nothing."""
        record = self._records.find(handle.grant_id)
        if record is None or record.client_id != client_id or record.revoked_because is None:
            return WORTHLESS
        if record.revoked_because == RevokedBecause.REUSE:
            self._reuse.note_late(handle)
        return f"The grant has ended: {ENDED[RevokedBecause(record.revoked_because)]}."

    def _check_what_is_asked_for(self) -> None:
        request, grant = self.request, self._grant
        self._same_request = self.server.same_request(request)  # invalid_request
        granted = Target(grant.scopes, grant.audience)
        scopes = grant.scopes
        if "scope" in request.form:
            asked_for = request.form["scope"].split()
            scopes = tuple(scope for scope in scopes if scope in asked_for)
        self._target = narrowed_target(
            self._resource_servers.resources, granted, scopes, request
        )  # invalid_target, _scope
        self.server.check_proof(request)  # invalid_dpop_proof, use_dpop_nonce

    def _note_use(self) -> None:
        """Whoever presents a token has got it, also if this request gets nothing for it."""
        self._issuance.note_use(self._handle, self.request.authenticated_client)

    def create_token_response(self) -> tuple[int, TokenAnswer, list[tuple[str, str]]]:
        """Spend the token. Its successor carries the full granted scope, also if this access token is narrower (§6).

        The step itself finds out that it was spent before (invalid_grant), or is bound to another key
        (invalid_dpop_proof).
        """
        try:
            answer, _ = self._issuance.rotate(self._handle, self._grant, self._target, self._same_request, self.request)
        except OAuth2Error:
            self._note_use()
            raise
        return 200, answer, self.TOKEN_RESPONSE_HEADER
