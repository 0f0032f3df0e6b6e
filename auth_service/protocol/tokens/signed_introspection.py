"""Introspection answers can be signed (RFC 9701), so that resource servers can prove what they were told."""

import time
from collections.abc import Mapping

from auth_service.models.resource_server import ResourceServer
from auth_service.protocol.tokens.signing_keys import Signer

TYPE = "token-introspection+jwt"
MEDIA_TYPE = f"application/{TYPE}"
ALGORITHM = "ES256"


def signed_answer(answer: Mapping[str, object], caller: ResourceServer, issuer: str, signer: Signer) -> str:
    """Return the answer as a JWT for this caller (RFC 9701 §5).

    It has no `sub` and no `exp` of its own and a type of its own, so that it is never taken for an access token (§8.1).
    """
    issued_at = int(time.time())
    claims = {"iss": issuer, "aud": caller.name, "iat": issued_at, "token_introspection": answer}
    return signer.sign(claims, at=issued_at, typ=TYPE)
