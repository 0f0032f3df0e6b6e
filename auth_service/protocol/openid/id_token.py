"""ID tokens (OpenID Connect Core §2) say who signed in, when and to which client. They are also read here."""

import base64
from dataclasses import dataclass
from hashlib import sha256

from auth_service.models.tokens import CodeGrant
from auth_service.protocol.identity_scopes import PROFILE
from auth_service.protocol.tokens.signing_keys import Signer, SigningKeyRing
from auth_service.storage.grant_records import GoodGrant

LIFETIME = 3600
"""It lives so many seconds: the client reads it at once, and its own session keeps the person signed in there."""
CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "preferred_username")


def new_id_token(
    signer: Signer, issuer: str, grant: GoodGrant, code_grant: CodeGrant, access_token: str, issued_at: int
) -> str:
    """Make the ID token that belongs to an access token: the same one for each repetition of an answer."""
    claims: dict[str, str | int | list[str]] = {
        "iss": issuer,
        "sub": grant.account_id,
        "aud": grant.client_id,
        "exp": issued_at + LIFETIME,
        "iat": issued_at,
        "auth_time": code_grant.auth_time,
        "amr": list(code_grant.methods),
        "at_hash": _left_half(access_token),
    }
    if code_grant.acr is not None:
        claims["acr"] = code_grant.acr
    if code_grant.nonce:
        claims["nonce"] = code_grant.nonce
    if PROFILE in grant.scopes:
        claims["preferred_username"] = grant.username
    return signer.sign(claims, at=issued_at)


@dataclass(frozen=True, slots=True)
class IdTokenHint:
    """An ID token of ours was about this subject and was given to this client."""

    subject: str
    client_id: str


def read_id_token_hint(token: str, ring: SigningKeyRing, issuer: str) -> IdTokenHint | None:
    """Read an ID token that we issued, also one that has expired; None for anything else.

    As a hint it proves only that it was once issued (Core §3.1.2.1, RP-Initiated Logout §2).
    """
    claims = ring.claims_of(token)
    if claims is None or claims.get("iss") != issuer:
        return None
    return IdTokenHint(str(claims.get("sub")), str(claims.get("aud")))


def _left_half(access_token: str) -> str:
    """Compute `at_hash` (§3.1.3.6), for RS256 and ES256 alike with SHA-256."""
    return base64.urlsafe_b64encode(sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()
