"""A client that proves itself with signatures (private_key_jwt) instead of a secret."""

import base64
import json
import secrets
import time
from collections.abc import Sequence
from typing import Any

import requests
from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from tests.support.actions import CALLBACK, READ, TIMEOUT, WRITE, App
from tests.support.stack import Stack

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def ec_key(kid: str | None = None) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid} if kid else None)


def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048)


def ed25519_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519")


def jwks(*keys: Key) -> dict[str, Any]:
    """The public halves."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


class SigningApp(App):
    """Signs a fresh assertion for each request."""

    def __init__(
        self, stack: Stack, *options: str, key: Key | None = None, scopes: Sequence[str] = (READ, WRITE)
    ) -> None:
        self._stack = stack
        self.key, self.algorithm = key or ec_key(), "ES256"
        arguments = ["Signing app", "--redirect-uri", CALLBACK, "--jwks", "-", *options]
        arguments += [part for scope in scopes for part in ("--scope", scope)]
        self.client = stack.command("client", "create", *arguments, stdin=json.dumps(jwks(self.key)))
        self.client_id, self.secret, self.name = self.client["client_id"], None, self.client["name"]
        self.scopes = tuple(scopes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good assertion; a claim that is changed to None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self._stack.auth,
            "exp": now + 60,
            "iat": now,
            "jti": secrets.token_urlsafe(12),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: object = None, *, key: Key | None = None, header: dict[str, Any] | None = None) -> str:
        """An assertion with these claims (default: good ones) or this text as payload. Also what no library signs."""
        payload = claims if isinstance(claims, str) else json.dumps(claims or self.claims())
        header = {"alg": self.algorithm, **(header or {})}
        signed = f"{encoded(json.dumps(header))}.{encoded(payload)}"
        signature = jws.JWSRegistry.algorithms[header["alg"]].sign(signed.encode(), key or self.key)
        return f"{signed}.{encoded(signature)}"

    def post(self, path: str, form: dict[str, Any], assertion: str | None = None, **more: Any) -> requests.Response:
        """A request that is authenticated with an assertion."""
        proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion or self.sign()}
        return requests.post(self._stack.auth + path, data={**proof, **form}, timeout=TIMEOUT, **more)

    def _post(self, path: str, form: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        present = {name: value for name, value in form.items() if value is not None}
        return self.post(path, present, headers=headers)


def encoded(value: str | bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(value.encode() if isinstance(value, str) else value).rstrip(b"=").decode()


def mac_key(client: dict[str, Any]) -> OctKey:
    """The public key misused as the key of a MAC: the classic confusion of algorithms."""
    return OctKey.import_key(json.dumps(client["jwks"]["keys"][0]))
