"""Private keys are encrypted at rest, so that who reads the database or its backups can't sign in our name."""

from collections.abc import Sequence

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from auth_service.crypto.derived_keys import wrapping_key

_HEADER = {"alg": "dir", "enc": "A256GCM"}


class KeyWrapping:
    """It encrypts with a key made from the first token key and decrypts with those made from any: JWE, AES-256-GCM."""

    def __init__(self, token_keys: Sequence[bytes]) -> None:
        self._ring = KeySet([OctKey.import_key(wrapping_key(material)) for material in token_keys])

    def wrap(self, private_key: bytes) -> str:
        """Return what may be stored."""
        newest = self._ring.keys[0]
        return jwe.encrypt_compact({**_HEADER, "kid": newest.kid}, private_key, newest)

    def unwrap(self, wrapped: str) -> bytes | None:
        """Return what was wrapped, or None if the token key that it was wrapped with has left the ring."""
        try:
            return jwe.decrypt_compact(wrapped, self._ring).plaintext
        except (JoseError, ValueError):
            return None
