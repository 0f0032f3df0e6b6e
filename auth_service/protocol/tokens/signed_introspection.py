"""Signed introspection answers (RFC 9701), for resource servers that must be able to prove what they were told."""

import time

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from auth_service.models.resource_server import ResourceServer
from auth_service.protocol.oauth_request import Headers
from auth_service.protocol.tokens.signing_keys import Signer

TYPE = "token-introspection+jwt"
MEDIA_TYPE = f"application/{TYPE}"
ALGORITHM = "ES256"


def wants_signed_answer(headers: Headers) -> bool:
    """Whether the caller prefers a signed answer to a plain one (RFC 9701 §4, RFC 9110 §12.5.1).

    Who accepts neither gets the plain one, as ever.
    """
    accepted = headers.get("Accept") or ""
    if TYPE not in accepted.lower():  # almost every request: not even parsed
        return False
    return parse_accept_header(accepted, MIMEAccept).best_match(["application/json", MEDIA_TYPE]) == MEDIA_TYPE


def signed_answer(answer: dict[str, object], caller: ResourceServer, issuer: str, signer: Signer) -> str:
    """The answer as a JWT for this caller (RFC 9701 §5).

    It has no `sub` and no `exp` of its own and a type of its own, so that it is never taken for an access token (§8.1).
    """
    issued_at = int(time.time())
    claims = {"iss": issuer, "aud": caller.name, "iat": issued_at, "token_introspection": answer}
    return signer.sign(claims, at=issued_at, typ=TYPE)
