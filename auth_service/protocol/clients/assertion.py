"""A client may authenticate with a JWT that it signed, `private_key_jwt` (RFC 7523 §3, draft-ietf-oauth-rfc7523bis).

The audience must be our issuer and nothing else. RFC 7523 also allowed the token endpoint's address, but a client has
that from metadata: another server could name ours there, receive an assertion meant for us, and use it here.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from auth_service.models.client import Client
from auth_service.protocol.clients.keys import SIGNING_ALGORITHMS, fitting_keys
from auth_service.storage.replay_cache import ReplayCache

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

MAX_LIFETIME = 3600
"""`exp` is at most so many seconds from now. Authlib's client asks for an hour, others for one minute to five."""
LEEWAY = 30
"""A client's clock may differ from ours by so many seconds."""

_TYPES = {
    "jwt",
    *("client-authentication+jwt", "application/client-authentication+jwt"),  # draft-ietf-oauth-rfc7523bis §4
    *("oauth-client-auth+jwt", "application/oauth-client-auth+jwt"),  # draft-…-client-id-metadata-document-03 §6
}
"""Another kind of JWT, signed with the same key for another purpose, is none of these (RFC 8725 §3.11)."""


class _Registry(JWSRegistry):
    """It has our algorithms and no others, and ignores members of the header that we don't know (RFC 7515 §4)."""

    def __init__(self) -> None:
        super().__init__(algorithms=SIGNING_ALGORITHMS, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """Return an algorithm, without joserfc's warning that the name `EdDSA` is old."""
        return self.algorithms[name]


_REGISTRY = _Registry()


@dataclass(frozen=True, slots=True)
class ClientAssertion:
    """An assertion was read and is not yet believed."""

    signed: CompactSignature
    claims: Mapping[str, Any]

    @property
    def client_id(self) -> str:
        """It claims to be from this client."""
        subject = self.claims.get("sub")
        return subject if isinstance(subject, str) else ""

    @classmethod
    def parse(cls, text: str) -> "ClientAssertion | None":
        """Read an assertion. It is None unless it is a JWT with one of our algorithms."""
        try:
            signed = extract_compact(text.encode(), registry=_REGISTRY)
            _REGISTRY.check_header(signed.headers())
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, AttributeError, RecursionError):
            return None
        header = signed.headers()
        if not isinstance(claims, dict) or header["alg"] not in SIGNING_ALGORITHMS or {"crit", "b64"} & header.keys():
            return None
        return cls(signed, claims)


class ClientAssertions:
    """It believes an assertion once."""

    def __init__(self, issuer: str, used: ReplayCache) -> None:
        self._issuer = issuer
        self._used = used

    def problem(self, assertion: ClientAssertion) -> str | None:
        """Say what is wrong with an assertion where that is a usual mistake, and depends on nothing that we know."""
        audience = assertion.claims.get("aud")
        if f"{self._issuer}/token" in (audience if isinstance(audience, list) else [audience]):
            return f"The assertion's aud must be the issuer alone, {self._issuer}, not the token endpoint's address."
        return None

    def prove(self, client: Client, assertion: ClientAssertion) -> bool:
        """Say whether the client made it, for us, for now. That it was not used before is decided last."""
        now, claims = time.time(), assertion.claims
        if not _has_our_type(assertion) or not _is_signed(client, assertion):
            return False
        if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
            return False
        if claims.get("aud") not in (self._issuer, [self._issuer]) or not _is_for_now(claims, now):
            return False
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti or not jti.isprintable():
            return False
        return self._used.use_once("client-assertion", client.client_id, jti, claims["exp"] - now + 2 * LEEWAY)


def _has_our_type(assertion: ClientAssertion) -> bool:
    kind: str = assertion.signed.headers().get("typ", "JWT")
    return kind.lower() in _TYPES


def _is_signed(client: Client, assertion: ClientAssertion) -> bool:
    header = assertion.signed.headers()
    try:
        return any(
            validate_compact(assertion.signed, key, registry=_REGISTRY)
            for key in fitting_keys(client.jwks or {"keys": []}, header["alg"], header.get("kid"))
        )
    except JoseError:
        return False


def _is_for_now(claims: Mapping[str, Any], now: float) -> bool:
    """`exp` is required and near; `iat` and `nbf` may be missing, but not lie in the future."""
    expires_at = _instant(claims.get("exp"))
    if expires_at is None or not now - LEEWAY < expires_at <= now + MAX_LIFETIME + LEEWAY:
        return False
    starts = [_instant(claims[name]) for name in ("iat", "nbf") if name in claims]
    return all(start is not None and start <= now + LEEWAY for start in starts)


def _instant(value: object) -> float | None:
    """Read a NumericDate (RFC 7519 §2), which `true` and `"1"` are not."""
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value
