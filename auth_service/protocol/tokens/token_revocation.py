"""A client revokes what it was given (RFC 7009): a refresh token ends its grant, an access token dies alone.

It takes with it only what was got for it by token exchange. A refresh token may be of any generation.
"""

import time

from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.crypto.token_handle import TokenKeyRing, TokenKind
from auth_service.models.client import TOKEN_EXCHANGE, Client
from auth_service.models.ending import EndedAccessToken
from auth_service.models.tokens import RevokedBecause
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS, ClientAuthentication
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.protocol.tokens.issuance import TokenIssuance
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_records import GrantRecordStore


class TokenRevocation:
    """It lets clients hand back what they were given."""

    def __init__(
        self,
        authentication: ClientAuthentication[Client],
        keys: TokenKeyRing,
        records: GrantRecordStore,
        ends: GrantEnds,
        revocation: GrantRevocation,
        issuance: TokenIssuance,
    ) -> None:
        self._authentication = authentication
        self._keys = keys
        self._records = records
        self._ends = ends
        self._revocation = revocation
        self._issuance = issuance

    def answer(self, request: ProtocolRequest) -> ProtocolResponse:
        """Revoke a token of this client. Any other is left alone, with the same answer (§2.2). Raises an OAuth2Error.

        `token_type_hint` is not needed: the token says what it is (§2.1).
        """
        client = self._authentication.authenticate(request, CLIENT_AUTH_METHODS, "revocation")
        request.refuse_repeated()
        if "token" not in request.form:
            raise InvalidRequestError("token is required.")
        self._revoke(request.form["token"], client)
        return ProtocolResponse(200, {})

    def _revoke(self, token: str, client: Client) -> None:
        handle = self._keys.parse(token)
        if handle is None or handle.kind not in {TokenKind.ACCESS_TOKEN, TokenKind.REFRESH_TOKEN}:
            return
        record = self._records.find(handle.grant_id)
        if record is None:
            return
        if handle.kind is TokenKind.REFRESH_TOKEN:
            if record.client_id == client.client_id:
                self._revocation.end_grant(handle.grant_id, RevokedBecause.CLIENT)
            return
        active = self._ends.find_access_token(handle.grant_id, handle.digest)
        if active and client.client_id != active.claims.client_id:
            return  # who got a token by exchange is not who has the grant
        if not active and client.client_id != record.client_id and not client.check_grant_type(TOKEN_EXCHANGE):
            return
        ended = EndedAccessToken(
            handle.grant_id,
            handle.digest,
            client_id=client.client_id,
            subject=record.account_id or record.client_id,
            audience=active.claims.aud if active else record.audience,  # told to those who could have seen it
        )
        # What this Redis doesn't have, older data that come back may: as long as it may live, its end is kept, and then
        # it is seen whether it is this client's.
        longest = int(time.time()) + self._issuance.access_token_lifetime(client)
        self._revocation.end_access_token(ended, active.expires_at if active else longest)
