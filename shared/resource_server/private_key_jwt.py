"""Proves with a signature who this API is, instead of with a password (RFC 7523 §2.2). Needs joserfc.

validator = connect_to_other_server(…, client_key=PrivateKeyJwt(Path("key.pem").read_text()))
"""

import secrets
import time

from joserfc import jwt
from joserfc.errors import InvalidKeyTypeError
from joserfc.jwk import ECKey, RSAKey

_LIFETIME = 60
"""An assertion is good for so many seconds; each question has one of its own."""
_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class PrivateKeyJwt:
    """It signs for one client.

    Args:
        pem: the private key, of a NIST curve (ES256, ES384, ES512) or RSA (PS256).
        key_id: the `kid` under which the authorization server knows the public half, if it has several.
    """

    def __init__(self, pem: str, *, key_id: str | None = None) -> None:
        self._key, algorithm = _read(pem)
        self._header = {"alg": algorithm}
        if key_id is not None:
            self._header["kid"] = key_id

    def form(self, client_id: str, audience: str) -> dict[str, str]:
        """Return what a request carries beside its own parameters. The audience is the server's issuer."""
        now = int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": audience, "iat": now, "exp": now + _LIFETIME}
        claims["jti"] = secrets.token_urlsafe(16)
        assertion = jwt.encode(self._header, claims, self._key, algorithms=[self._header["alg"]])
        return {"client_id": client_id, "client_assertion_type": _TYPE, "client_assertion": assertion}


def _read(pem: str) -> tuple[ECKey | RSAKey, str]:
    """Return the key, and how it signs (RFC 7518 §3.1)."""
    try:
        key = ECKey.import_key(pem)
    except InvalidKeyTypeError:
        return RSAKey.import_key(pem), "PS256"
    return key, {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[key.curve_name]
