"""Secrets at rest: encrypted, so that who reads the database or its backups has nothing to sign with."""

from collections.abc import Sequence

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

_HEADER = {"alg": "dir", "enc": "A256GCM"}


class KeyWrapping:
    """Encrypts with the first key of a ring and decrypts with any: JWE (RFC 7516), AES-256-GCM."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys` have 32 bytes each, and are made for nothing else."""
        self._ring = KeySet([OctKey.import_key(key) for key in keys])

    def wrap(self, secret: bytes) -> str:
        """What may be stored."""
        newest = self._ring.keys[0]
        return jwe.encrypt_compact({**_HEADER, "kid": newest.kid}, secret, newest)

    def unwrap(self, wrapped: str) -> bytes | None:
        """What was wrapped, or None if the key that it was wrapped with has left the ring."""
        try:
            return jwe.decrypt_compact(wrapped, self._ring).plaintext
        except (JoseError, ValueError):
            return None

    def is_newest(self, wrapped: str) -> bool:
        """Whether it was wrapped with the first key."""
        try:
            return bool(jwe.decrypt_compact(wrapped, self._ring).headers()["kid"] == self._ring.keys[0].kid)
        except (JoseError, ValueError):
            return False
