"""From the material of a token key one key is made for each purpose, by its label, with HKDF (RFC 5869).

Each is independent of all others that are made from the same material.
"""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def key_id(material: bytes) -> bytes:
    """Return the 4 bytes by which a handle names the token key that made it."""
    return _hkdf(material, b"moogle token key id")[:4]


def mac_key(material: bytes) -> bytes:
    """Return the key that authenticates handles."""
    return _hkdf(material, b"moogle token mac")


def derivation_key(material: bytes) -> bytes:
    """Return the key that derives the secrets of a spent credential's successors."""
    return _hkdf(material, b"moogle token derivation")


def web_secret(material: bytes) -> bytes:
    """Return the key that signs what browsers carry: CSRF tokens and the forms of people who are not signed in."""
    return _hkdf(material, b"moogle web forms")


def wrapping_key(material: bytes) -> bytes:
    """Return the key that encrypts other keys at rest."""
    return _hkdf(material, b"moogle key wrapping")


def mail_key(material: bytes) -> bytes:
    """Return the key that encrypts what is mailed while it waits."""
    return _hkdf(material, b"moogle mail at rest")


def nonce_key(material: bytes) -> bytes:
    """Return the key that makes DPoP nonces."""
    return _hkdf(material, b"moogle dpop nonces")


def _hkdf(material: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label).derive(material)
