"""A client with `private_key_jwt` has public keys (RFC 7517). Here are their kinds, and which fit a signature."""

from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

PublicKey = ECKey | RSAKey | OKPKey

SIGNING_ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA", "Ed25519")
"""It is never `none` and never a MAC. `EdDSA` and its newer name (RFC 9864) both mean Ed25519 here."""

_ALGORITHMS_OF: dict[tuple[object, object], set[str]] = {
    ("EC", "P-256"): {"ES256"},
    ("RSA", None): {"RS256", "PS256"},
    ("OKP", "Ed25519"): {"EdDSA", "Ed25519"},
}


def fitting_keys(jwks: Mapping[str, Any], algorithm: str, kid: str | None) -> list[PublicKey]:
    """Return the keys that may have made a signature: without a `kid`, any of the algorithm, for keys may change."""
    return [
        imported(key)
        for key in jwks["keys"]
        if algorithm in algorithms_of(key) and kid in {None, key.get("kid")} and key.get("alg") in {None, algorithm}
    ]


def algorithms_of(key: Mapping[str, Any]) -> set[str]:
    """Return the algorithms with which a JWK may sign, as its kind says; none for a kind that we don't use."""
    kind = key.get("kty")
    return _ALGORITHMS_OF.get((kind, None if kind == "RSA" else key.get("crv")), set())


def imported(key: Mapping[str, Any]) -> PublicKey:
    """Return the key that a JWK holds. Raises JoseError or ValueError if it holds none."""
    public = JWKRegistry.import_key(dict(key))
    assert isinstance(public, PublicKey)
    return public
