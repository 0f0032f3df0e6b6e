"""A client may be registered with these public keys (RFC 7517).

Keys come with the registration. We never fetch a `jwks_uri`: whoever registers would choose what our network asks for.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError

from auth_service.protocol.clients.keys import SIGNING_ALGORITHMS, algorithms_of, imported
from auth_service.protocol.registration.rules import ClientRefusedError

MAX_KEYS = 10
_MAX_KID = 200
"""A kid has at most so many characters."""
_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use")
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_RSA_BITS = range(2048, 4097)


def checked_jwks(jwks: object) -> dict[str, Any]:
    """Return the key set as it is stored: what we use of it. Raises ClientRefusedError unless we could use each key."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        raise ClientRefusedError(f"jwks must be a JWK Set with 1 to {MAX_KEYS} keys")
    checked = [_checked_key(key) for key in keys]
    names = [key["kid"] for key in checked if "kid" in key]
    if len(set(names)) != len(names):
        raise ClientRefusedError("jwks has two keys with one kid")
    return {"keys": checked}


def holds_private_key(jwks: object) -> bool:
    """Say whether a key set that nobody has checked has a private, or secret, key in it."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    return isinstance(keys, list) and any(isinstance(key, Mapping) and _PRIVATE_MEMBERS & key.keys() for key in keys)


def _checked_key(key: object) -> dict[str, Any]:
    if not isinstance(key, Mapping):
        raise ClientRefusedError("jwks must hold JSON Web Keys")
    if _PRIVATE_MEMBERS & key.keys():
        raise ClientRefusedError("jwks holds a private key; keep that to yourself and register its public half")
    public = {name: key[name] for name in _PUBLIC_MEMBERS if name in key}
    if not all(isinstance(value, str) and value.isascii() and value.isprintable() for value in public.values()):
        raise ClientRefusedError("the members of a key must be plain text")
    algorithms = algorithms_of(public)
    if not algorithms:
        raise ClientRefusedError("a key must be EC with P-256, RSA, or OKP with Ed25519")
    if public.get("alg", min(algorithms)) not in algorithms or public.get("use", "sig") != "sig":
        raise ClientRefusedError(f"a key must be for signatures with one of {', '.join(SIGNING_ALGORITHMS)}")
    if len(public.get("kid", "")) > _MAX_KID:
        raise ClientRefusedError(f"a kid has at most {_MAX_KID} characters")
    if public["kty"] == "RSA" and _bits(public.get("n", "")) not in _RSA_BITS:
        raise ClientRefusedError(f"an RSA key has {_RSA_BITS.start} to {_RSA_BITS.stop - 1} bits")
    try:
        imported(public)
    except (JoseError, ValueError):
        raise ClientRefusedError("jwks holds a key that is none") from None
    return public


def _bits(number: str) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
    except (binascii.Error, ValueError):
        return 0
