"""PKCE with S256 is required of every client, unless an operator left it to one that proves itself and sends a nonce.

Authlib's `required=True` lets /authorize hand out a code without a challenge and takes a missing method for `plain`
(RFC 7636, RFC 9700 §2.1.1).
"""

import hmac
import re

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth_service.models.client import Client, PkcePolicy
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.oauth_request import ProtocolRequest

METHOD = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"(?=.{43,128}\Z)[A-Za-z0-9\-._~]+=*")
"""Beside RFC 7636 §4.1, it may end with the padding of base64: some clients leave it there, and hash it too."""


def requested_code_challenge(request: ProtocolRequest, client: Client) -> str:
    """Return the challenge of an authorization request; an empty one where this client may leave it out.

    Raises InvalidRequestError (RFC 7636 §4.4.1).
    """
    challenge, method = request.form.get("code_challenge"), request.form.get("code_challenge_method")
    if challenge is None and method is None and client.pkce == PkcePolicy.OPTIONAL:
        signs_in = OPENID in client.scopes and OPENID in request.form.get("scope", "").split()
        if signs_in and "nonce" in request.form:  # which the ID token repeats
            return ""
        raise InvalidRequestError("code_challenge is required, or the scope openid with a nonce.")
    if challenge is None:
        raise InvalidRequestError("code_challenge is required.")
    if method != METHOD:
        raise InvalidRequestError("code_challenge_method must be S256.")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise InvalidRequestError("code_challenge must be 43 characters of base64url, as S256 makes them.")
    return challenge


def check_code_verifier(request: ProtocolRequest, code_challenge: str) -> None:
    """Raise InvalidRequestError for a missing or malformed verifier, InvalidGrantError for a wrong one (§4.6).

    A verifier where there was no challenge is wrong too: somebody may have taken the challenge away (RFC 9700 §4.8.2).
    """
    verifier = request.form.get("code_verifier")
    if not code_challenge:
        if verifier is not None:
            raise InvalidGrantError("code_verifier does not belong here: the authorization request had no challenge.")
        return
    if verifier is None:
        raise InvalidRequestError("code_verifier is required.")
    if _VERIFIER.fullmatch(verifier) is None:
        raise InvalidRequestError("code_verifier must be 43 to 128 characters of A-Z a-z 0-9 - . _ ~")
    if not hmac.compare_digest(create_s256_code_challenge(verifier), code_challenge):
        raise InvalidGrantError("code_verifier does not match the code_challenge.")
