"""A code is exchanged for tokens, whichever way the app got it, and for an ID token where a person signed in."""

from auth_service.crypto.token_handle import TokenHandle
from auth_service.models.tokens import Repeatable
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.id_token import new_id_token
from auth_service.protocol.resource_indicators import Target
from auth_service.protocol.tokens.issuance import TokenAnswer, TokenIssuance
from auth_service.protocol.tokens.signing_keys import SigningKeyRing
from auth_service.storage.grant_records import GoodGrant
from auth_service.storage.grants import GrantStore


class CodeExchange:
    """It spends codes and device codes, once every check of theirs is passed."""

    def __init__(self, issuer: str, grants: GrantStore, signing_keys: SigningKeyRing, issuance: TokenIssuance) -> None:
        self._issuer = issuer
        self._grants = grants
        self._signing_keys = signing_keys
        self._issuance = issuance

    def exchange(
        self, code: TokenHandle, grant: GoodGrant, target: Target, same_request: Repeatable, request: ProtocolRequest
    ) -> TokenAnswer:
        """Spend a code. What an ID token needs is read before: to spend is the last step that can fail.

        Raises the OAuth errors of `TokenIssuance.rotate`.
        """
        if OPENID not in grant.scopes:
            return self._issuance.rotate(code, grant, target, same_request, request)[0]
        signer = self._signing_keys.signer(request.authenticated_client.id_token_signed_response_alg)
        begun = self._grants.find_code_grant(grant.grant_id)
        answer, issued_at = self._issuance.rotate(code, grant, target, same_request, request)
        assert begun is not None  # a grant that had gone does not come back to be rotated
        id_token = new_id_token(signer, self._issuer, grant, begun, str(answer["access_token"]), issued_at)
        return {**answer, "id_token": id_token}
