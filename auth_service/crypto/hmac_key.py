"""HMAC-SHA-256 (RFC 2104), which authenticates each token and derives its successors.

The standard library's `hmac.digest` takes 14 µs amid other work, since OpenSSL 3 looks for its algorithm at each call,
and a copy of its objects 7. Two copies of hashlib's take 4; a refresh needs five.
"""

from hashlib import sha256

_BLOCK = 64
"""So many bytes SHA-256 reads at a time."""


class HmacKey:
    """It is a key whose work that is the same for all messages is done."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        """Return the 32 bytes that only who has the key can make of this message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()
