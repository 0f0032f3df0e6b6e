"""Token strings are made, parsed, verified, derived and digested here and nowhere else.

A handle is `prefix + base64url(key id 4 ‖ grant id 16 ‖ generation 4 ‖ secret 32 ‖ tag 16)`: 72 bytes, 100 characters.
The tag keeps garbage away from Redis and tells the kinds apart; whether a handle is *good* only stored state decides.
"""

import binascii
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from auth_service.crypto.derived_keys import derivation_key, key_id, mac_key
from auth_service.crypto.hmac_key import HmacKey
from shared.service.hashing import sha256

SECRET_BYTES = 32
_TAG_BYTES = 16
_URL_SAFE, _USUAL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")
_PATTERN = re.compile(r"m(?:at|rt|ac|dc)_[A-Za-z0-9_-]{96}")


class TokenKind(StrEnum):
    """A handle may be used for this, which the prefix names that secret scanners look for."""

    ACCESS_TOKEN = "mat_"
    REFRESH_TOKEN = "mrt_"
    AUTHORIZATION_CODE = "mac_"
    DEVICE_CODE = "mdc_"


_KINDS: dict[str, TokenKind] = {kind.value: kind for kind in TokenKind}


@dataclass(frozen=True, slots=True)
class TokenHandle:
    """A token that was verified or freshly made. Its string and its secret never appear in a repr, hence in no log."""

    kind: TokenKind
    grant_id: str
    """It has 32 hexadecimal digits."""
    generation: int
    """It is 0 for a code or a device code, and one more at each rotation."""
    secret: bytes = field(repr=False)
    text: str = field(repr=False)
    digest: str = field(repr=False)
    """This is stored and looked up instead of the string."""


def _base64url(data: bytes) -> str:
    """Encode as RFC 4648 §5 says, unpadded, without `base64`, whose functions call three others for every token."""
    return binascii.b2a_base64(data).translate(_URL_SAFE, b"=\n").decode()


def token_digest(text: str) -> str:
    """Return the SHA-256 of a token string in base64url, without padding; introspection calls it `jti`."""
    return _base64url(sha256(text.encode()).digest())


def new_grant_id() -> str:
    """Make a fresh grant id: 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


class _Key:
    """A key of the ring has an id, and independent keys for authenticating handles and deriving their successors."""

    def __init__(self, material: bytes) -> None:
        self.id = key_id(material)
        self.mac = HmacKey(mac_key(material))
        self.derivation = HmacKey(derivation_key(material))


class TokenKeyRing:
    """It makes handles with its first key and verifies them with every key.

    A new key is deployed twice: first at the end (so that all processes verify it), then in front. An old key stays
    for the longest life of a grant.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        ring = [_Key(material) for material in keys]
        self._newest = ring[0]
        self._by_id = {key.id: key for key in ring}
        if len(self._by_id) != len(ring):
            raise ValueError("two token keys share an id: replace one of them")

    @property
    def newest_key_id(self) -> str:
        """The key that derives successors now has this id, in hexadecimal."""
        return self._newest.id.hex()

    @property
    def key_ids(self) -> list[str]:
        """These are the ids of all keys, in hexadecimal."""
        return [key.hex() for key in self._by_id]

    def make(self, kind: TokenKind, grant_id: str, generation: int, secret: bytes | None = None) -> TokenHandle:
        """Make a handle of `kind`; its secret is random unless given."""
        return self._make(self._newest, kind, grant_id, generation, secret or secrets.token_bytes(SECRET_BYTES))

    def parse(self, text: str) -> TokenHandle | None:
        """Return the handle that `text` is, or None if we never made it. No store is asked."""
        if _PATTERN.fullmatch(text) is None:
            return None
        kind = _KINDS[text[:4]]
        raw = binascii.a2b_base64(text[4:].encode().translate(_USUAL))
        body, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
        key = self._by_id.get(body[:4])
        if key is None or not hmac.compare_digest(tag, _tag(key, kind, body)):
            return None
        return TokenHandle(kind, body[4:20].hex(), int.from_bytes(body[20:24]), body[24:], text, token_digest(text))

    def derive(self, kind: TokenKind, predecessor: TokenHandle, nonce: bytes, key_id: str) -> TokenHandle | None:
        """Derive the successor of `predecessor`, the same each time for the same nonce and key.

        So a lost answer can be repeated though nothing secret was stored: only who presents the predecessor can have
        its successors computed. None if the key has left the ring.
        """
        key = self._by_id.get(bytes.fromhex(key_id))
        if key is None:
            return None
        generation = predecessor.generation + 1
        message = b"".join(
            (
                kind.encode(),
                bytes.fromhex(predecessor.grant_id),
                generation.to_bytes(4),
                predecessor.secret,
                nonce,
            )
        )
        secret = key.derivation.digest(message)
        return self._make(key, kind, predecessor.grant_id, generation, secret)

    @staticmethod
    def _make(key: _Key, kind: TokenKind, grant_id: str, generation: int, secret: bytes) -> TokenHandle:
        body = key.id + bytes.fromhex(grant_id) + generation.to_bytes(4) + secret
        text = kind + _base64url(body + _tag(key, kind, body))
        return TokenHandle(kind, grant_id, generation, secret, text, token_digest(text))


def _tag(key: _Key, kind: TokenKind, body: bytes) -> bytes:
    return key.mac.digest(kind.encode() + body)[:_TAG_BYTES]
