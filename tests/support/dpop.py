"""A client that can make DPoP proofs, also wrong ones; written against RFC 9449 and not against our own code."""

import base64
import copy
import json
import secrets
import time
from hashlib import sha256
from typing import Any, Self

import requests
from joserfc import jwk
from joserfc.jws import JWSRegistry

from tests.support.actions import Actions, App, Tokens
from tests.support.stack import Stack


class DpopKey:
    """A key pair and the proofs made with it."""

    def __init__(self, algorithm: str = "ES256", *, bits: int = 2048) -> None:
        self.algorithm = algorithm
        kind, size = {"ES256": ("EC", "P-256"), "PS256": ("RSA", bits), "RS256": ("RSA", bits)}.get(
            algorithm, ("OKP", "Ed25519")
        )
        self._key: Any = jwk.generate_key(kind, size)  # type: ignore[call-overload]
        self.public: dict[str, Any] = self._key.as_dict(private=False)
        self.private: dict[str, Any] = self._key.as_dict(private=True)

    @property
    def thumbprint(self) -> str:
        """RFC 7638."""
        names = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
        members = {name: self.public[name] for name in names[self.public["kty"]]}
        return base64url(sha256(json.dumps(members, separators=(",", ":")).encode()).digest())

    def proof(self, method: str, address: str, *, token: str | None = None, **changes: Any) -> str:
        """A proof for one request. A claim in `changes` replaces the right one, None leaves it out."""
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": address,
            "iat": int(time.time()),
            **({"ath": base64url(sha256(token.encode()).digest())} if token is not None else {}),
            **changes,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def sign(self, claims: Any, **header: Any) -> str:
        """Any claims under any header, which has a good signature nevertheless."""
        protected = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.public, **header}
        protected = {name: value for name, value in protected.items() if value is not None}
        signed = f"{base64url(json.dumps(protected).encode())}.{base64url(json.dumps(claims).encode())}"
        signer = JWSRegistry.algorithms["Ed25519" if self.algorithm == "EdDSA" else self.algorithm]
        return f"{signed}.{base64url(signer.sign(signed.encode(), self._key))}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class DpopApp(App):
    """An app that sends a fresh proof with every request."""

    def __init__(self, stack: Stack, *options: str, key: DpopKey, **more: Any) -> None:
        super().__init__(stack, *options, **more)
        self.key: DpopKey | None = key
        self._proof: str | None = None

    def holding(self, key: DpopKey | None) -> Self:
        """The same app with another key, or with none and no proofs."""
        other = copy.copy(self)
        other.key, other._proof = key, None
        return other

    def sending(self, proof: str) -> Self:
        """The same app, which sends just this."""
        other = copy.copy(self)
        other._proof = proof
        return other

    def proof(self, path: str = "/token", **changes: Any) -> str:
        """A proof for a request to the authorization server."""
        assert self.key is not None
        return self.key.proof("POST", self._stack.auth + path, **changes)

    def _post(self, path: str, form: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        proof = self._proof if self._proof is not None else self.key and self.proof(path)
        return super()._post(path, form, {**headers, "DPoP": proof} if proof is not None else headers)


KEY, OTHER_KEY = DpopKey(), DpopKey("Ed25519")


def bound_to(actions: Actions, granted: Tokens) -> str | None:
    """The thumbprint of the key that an access token is bound to, if the answers about it agree."""
    introspected = actions.introspect(granted.access)
    assert introspected["token_type"] == granted.answer["token_type"]
    assert ("cnf" in introspected) == (introspected["token_type"] == "DPoP")
    confirmation = introspected.get("cnf", {"jkt": None})
    assert list(confirmation) == ["jkt"]
    thumbprint: str | None = confirmation["jkt"]
    return thumbprint
