"""Checks a DPoP proof (RFC 9449 §4.3) against the request it came with. A pure function: no clock, no store, no Flask.

Both sides use it. It needs joserfc, so nothing else in this package imports it at its top. Whether a proof was used
before, and nonces, are the caller's.
"""

import base64
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from joserfc import jwk, jws
from joserfc.errors import JoseError

from ..introspection.response import token_digest

ALGORITHMS = ("ES256", "Ed25519", "EdDSA", "PS256", "RS256")
"""Proofs may be signed with these; EdDSA means Ed25519 (RFC 9864)."""
CLOCK_WINDOW = 60
"""A proof's `iat` may lie so many seconds before or after now."""
PROOF_LIFETIME = 2 * CLOCK_WINDOW
"""After so many seconds a proof that was accepted is refused for its age: for so long its use has to be remembered."""
_MAX_LENGTH = 4096
_MAX_ID_LENGTH = 256

_JWT = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)
_32_BYTES = re.compile(r"[\w-]{43}", re.ASCII)
_MODULUS = re.compile(r"[B-Za-z0-9_-][\w-]{341,682}", re.ASCII)
_PUBLIC_MEMBERS = {
    "EC": {"crv": re.compile("P-256"), "x": _32_BYTES, "y": _32_BYTES},
    "OKP": {"crv": re.compile("Ed25519"), "x": _32_BYTES},
    # 2048 to 4096 bits with the usual exponent: a stranger's key must not make verifying slow.
    "RSA": {"n": _MODULUS, "e": re.compile("AQAB")},
}
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_KEY_TYPES = {"ES256": "EC", "Ed25519": "OKP", "EdDSA": "OKP", "PS256": "RSA", "RS256": "RSA"}
_PORTS = {"https": 443, "http": 80}


class InvalidProofError(Exception):
    """The proof is not good for this request. What the message says helps the client and nobody else."""


@dataclass(frozen=True, slots=True)
class Proof:
    """It is good for its request, unless it was used before."""

    jkt: str
    """It is the thumbprint of the key that signed it (RFC 7638), to which tokens are bound."""
    digest: str
    """It stands for this proof among all of its key at its address (RFC 9449 §11.1)."""
    nonce: str | None


def read_proof(header: str, *, method: str, address: str, now: float, access_token: str | None = None) -> Proof:
    """Return the proof in a `DPoP` header.

    Args:
        header: as WSGI gives it, where two headers are one with a comma, which no JWT has.
        method: the request's.
        address: where the request was sent, made from configured names and never from its Host header.
        now: epoch seconds.
        access_token: the token that the request presents, if it does; then the proof has to name it.

    Raises:
        InvalidProofError: any of RFC 9449 §4.3 is not fulfilled, the nonce and earlier use aside.
    """
    jwt = _JWT.fullmatch(header) if len(header) <= _MAX_LENGTH else None
    if jwt is None:
        raise InvalidProofError("Send exactly one DPoP header with one compact JWT.")
    protected, claims = _json_object(jwt[1]), _json_object(jwt[2])
    if protected.get("typ") != "dpop+jwt":
        raise InvalidProofError("The proof's typ is not dpop+jwt.")
    if "crit" in protected:
        raise InvalidProofError("The proof demands an extension that is not known here.")
    algorithm = protected.get("alg")
    if algorithm not in ALGORITHMS:
        raise InvalidProofError(f"The proof's alg is none of {', '.join(ALGORITHMS)}.")
    jkt = _verified_key(algorithm, protected.get("jwk"), f"{jwt[1]}.{jwt[2]}".encode(), _decoded(jwt[3]))
    jti, htu = claims.get("jti"), claims.get("htu")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _MAX_ID_LENGTH:
        raise InvalidProofError(f"The proof's jti is not a string of 1 to {_MAX_ID_LENGTH} characters.")
    if claims.get("htm") != method:
        raise InvalidProofError("The proof's htm is another method than the request's.")
    target = _target(htu) if isinstance(htu, str) else None
    if target is None or target != _target(address):
        raise InvalidProofError("The proof's htu is another address than the request's.")
    iat: Any = claims.get("iat")
    if not (isinstance(iat, int | float) and now - CLOCK_WINDOW <= iat <= now + CLOCK_WINDOW):
        raise InvalidProofError(f"The proof's iat is not within {CLOCK_WINDOW} seconds of now.")
    if access_token is not None and claims.get("ath") != token_digest(access_token):
        raise InvalidProofError("The proof's ath is not the hash of the access token.")
    nonce = claims.get("nonce")
    digest = sha256(json.dumps([jkt, method, address, jti]).encode()).hexdigest()
    return Proof(jkt, digest, nonce if isinstance(nonce, str) else None)


def _decoded(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise InvalidProofError("The proof is not base64url.") from None


def _json_object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(_decoded(segment).decode())
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidProofError("The proof is not a JWT of JSON objects.")
    return value


def _verified_key(algorithm: str, key: Any, signed: bytes, signature: bytes) -> str:
    """Return the thumbprint of the public key `key`, with which `signature` was made."""
    kind = _KEY_TYPES[algorithm]
    members = _PUBLIC_MEMBERS[kind]
    if not isinstance(key, dict) or _PRIVATE_MEMBERS & set(key):
        raise InvalidProofError("The proof's jwk is not a public key.")
    public: dict[str, str | list[str]] = {
        name: value
        for name, form in members.items()
        if isinstance(value := key.get(name), str) and form.fullmatch(value)
    }
    if key.get("kty") != kind or len(public) != len(members):
        raise InvalidProofError(f"The proof's jwk is no key for {algorithm}.")
    verifier = jws.JWSRegistry.algorithms["Ed25519" if algorithm == "EdDSA" else algorithm]
    try:
        imported = jwk.import_key({"kty": kind, **public})
        good = verifier.verify(signed, signature, imported)
    except (JoseError, ValueError):  # such as a point that is not on the curve
        good = False
    if not good:
        raise InvalidProofError("The proof's signature is not made with its jwk.")
    return imported.thumbprint()


def _target(address: str) -> tuple[str, str, int, bytes] | None:
    """Return an address in a normal form without query and fragment (RFC 3986 §6.2.2, §6.2.3); None if it is none.

    Paths are compared decoded, because that is how WSGI hands a request's path over.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if not (address.isascii() and address.isprintable()) or parts.scheme not in _PORTS or not parts.hostname:
        return None
    if "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme], _without_dots(unquote_to_bytes(parts.path))


def _without_dots(path: bytes) -> bytes:
    kept: list[bytes] = []
    segments = path.removeprefix(b"/").split(b"/")
    for segment in segments:
        if segment == b"..":
            kept = kept[:-1]
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in {b".", b".."}:
        kept.append(b"")
    return b"/" + b"/".join(kept)
