"""The public keys of a client with `private_key_jwt`: which may be registered, and which fit a signature (RFC 7517).

Keys come with the registration. We never fetch a `jwks_uri`: whoever registers would choose what our network asks for.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from auth_service.protocol.client_registration import ClientRefusedError

PublicKey = ECKey | RSAKey | OKPKey

SIGNING_ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA", "Ed25519")
"""Never `none`, never a MAC. `EdDSA` and its newer name (RFC 9864) both mean Ed25519 here."""

_ALGORITHMS_OF: dict[tuple[object, object], set[str]] = {
    ("EC", "P-256"): {"ES256"},
    ("RSA", None): {"RS256", "PS256"},
    ("OKP", "Ed25519"): {"EdDSA", "Ed25519"},
}
_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use")
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_MAX_KEYS = 10
_MAX_KID = 200
_RSA_BITS = range(2048, 4097)


def checked_jwks(jwks: object) -> dict[str, Any]:
    """The key set as it is stored: what we use of it. Raises ClientRefusedError unless we could use each key."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= _MAX_KEYS:
        raise ClientRefusedError(f"jwks must be a JWK Set with 1 to {_MAX_KEYS} keys")
    checked = [_checked_key(key) for key in keys]
    names = [key["kid"] for key in checked if "kid" in key]
    if len(set(names)) != len(names):
        raise ClientRefusedError("jwks has two keys with one kid")
    return {"keys": checked}


def fitting_keys(jwks: Mapping[str, Any], algorithm: str, kid: str | None) -> list[PublicKey]:
    """The keys that may have made a signature. Without a `kid`, any of the algorithm: a client may be changing keys."""
    return [
        _import(key)
        for key in jwks["keys"]
        if algorithm in _algorithms(key) and kid in {None, key.get("kid")} and key.get("alg") in {None, algorithm}
    ]


def _checked_key(key: object) -> dict[str, Any]:
    if not isinstance(key, Mapping):
        raise ClientRefusedError("jwks must hold JSON Web Keys")
    if _PRIVATE_MEMBERS & key.keys():
        raise ClientRefusedError("jwks holds a private key; keep that to yourself and register its public half")
    public = {name: key[name] for name in _PUBLIC_MEMBERS if name in key}
    if not all(isinstance(value, str) and value.isascii() and value.isprintable() for value in public.values()):
        raise ClientRefusedError("the members of a key must be plain text")
    algorithms = _algorithms(public)
    if not algorithms:
        raise ClientRefusedError("a key must be EC with P-256, RSA, or OKP with Ed25519")
    if public.get("alg", min(algorithms)) not in algorithms or public.get("use", "sig") != "sig":
        raise ClientRefusedError(f"a key must be for signatures with one of {', '.join(SIGNING_ALGORITHMS)}")
    if len(public.get("kid", "")) > _MAX_KID:
        raise ClientRefusedError(f"a kid has at most {_MAX_KID} characters")
    if public["kty"] == "RSA" and _bits(public.get("n", "")) not in _RSA_BITS:
        raise ClientRefusedError(f"an RSA key has {_RSA_BITS.start} to {_RSA_BITS.stop - 1} bits")
    try:
        _import(public)
    except (JoseError, ValueError):
        raise ClientRefusedError("jwks holds a key that is none") from None
    return public


def _import(key: Mapping[str, Any]) -> PublicKey:
    imported = JWKRegistry.import_key(dict(key))
    assert isinstance(imported, PublicKey)
    return imported


def _algorithms(key: Mapping[str, Any]) -> set[str]:
    kind = key.get("kty")
    return _ALGORITHMS_OF.get((kind, None if kind == "RSA" else key.get("crv")), set())


def _bits(number: str) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
    except (binascii.Error, ValueError):
        return 0
