"""We require PKCE of every client, and S256 of PKCE (RFC 7636, RFC 9700 §2.1.1).

Authlib's `required=True` lets /authorize hand out a code without a challenge and takes a missing method for `plain`.
"""

import hmac
import re

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth_service.protocol.oauth_request import ProtocolRequest

METHOD = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def requested_code_challenge(request: ProtocolRequest) -> str:
    """Return the challenge of an authorization request. Raises InvalidRequestError (RFC 7636 §4.4.1)."""
    challenge, method = request.form.get("code_challenge"), request.form.get("code_challenge_method")
    if challenge is None:
        raise InvalidRequestError("code_challenge is required.")
    if method != METHOD:
        raise InvalidRequestError("code_challenge_method must be S256.")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise InvalidRequestError("code_challenge must be 43 characters of base64url, as S256 makes them.")
    return challenge


def check_code_verifier(request: ProtocolRequest, code_challenge: str) -> None:
    """Raise InvalidRequestError for a missing or malformed verifier, InvalidGrantError for a wrong one (§4.6)."""
    verifier = request.form.get("code_verifier")
    if verifier is None or _VERIFIER.fullmatch(verifier) is None:
        raise InvalidRequestError("code_verifier is required: 43 to 128 unreserved characters.")
    if not hmac.compare_digest(create_s256_code_challenge(verifier), code_challenge):
        raise InvalidGrantError("code_verifier does not match the code_challenge.")
