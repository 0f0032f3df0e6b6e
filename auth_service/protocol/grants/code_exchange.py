"""What a code is exchanged for, whichever way the app got it: tokens, and an ID token where a person signed in."""

from auth_service.crypto.token_handle import TokenHandle
from auth_service.protocol.authorization_server import ServerParts
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.id_token import new_id_token
from auth_service.protocol.tokens.issuance import TokenAnswer
from auth_service.storage.grant_records import GoodGrant


def exchange_code(parts: ServerParts, code: TokenHandle, grant: GoodGrant, request: ProtocolRequest) -> TokenAnswer:
    """Spend a code. What an ID token needs is read before: to spend is the last step that can fail."""
    if OPENID not in grant.scopes:
        return parts.issuance.rotate(code, grant, grant.scopes, request)[0]
    signer = parts.signing_keys.signer(request.authenticated_client.id_token_signed_response_alg)
    begun = parts.grants.find_code_grant(grant.grant_id)
    answer, issued_at = parts.issuance.rotate(code, grant, grant.scopes, request)
    assert begun is not None  # a grant that had gone does not come back to be rotated
    id_token = new_id_token(signer, parts.issuer, grant, begun, str(answer["access_token"]), issued_at)
    return {**answer, "id_token": id_token}
