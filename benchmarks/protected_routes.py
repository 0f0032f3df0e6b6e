"""One route, protected in five ways: not at all, from memory, by introspection at each call, by a JWT of two kinds.

Settings come from `BENCHMARK`, a JSON object. What a request costs in each case is `validated_calls.py`.
"""

import json
import os
import threading
import time
from typing import Any

from flask import Flask, Response, abort, request
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.resource_server import ActiveToken, connect
from shared.resource_server.resource_protector import ResourceProtector

RESOURCE = "http://localhost:9/api/"
SCOPE = "body_weight:read"
KEYS: dict[str, type[ECKey] | type[RSAKey] | type[OKPKey]] = {"ES256": ECKey, "RS256": RSAKey}

_settings = json.loads(os.environ.get("BENCHMARK", "{}"))
app = Flask(__name__)


@app.get("/unprotected")
def unprotected() -> dict[str, str]:
    """The floor."""
    return {"weight": "82.5"}


def protected(token: ActiveToken) -> dict[str, str]:
    """The same for whoever has a good token."""
    return {"weight": "82.5"}


def protected_by_jwt(algorithm: str, key: Any) -> Any:
    """A view that verifies a signed token with joserfc and checks the claims that introspection would."""
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": _settings["issuer"]},
        aud={"essential": True, "value": RESOURCE},
        exp={"essential": True},
    )

    def view() -> dict[str, str]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            abort(401)
        decoded = jwt.decode(token, key, algorithms=[algorithm])
        claims.validate(decoded.claims)
        if SCOPE not in decoded.claims["scope"].split():
            abort(403)
        return {"weight": "82.5"}

    return view


def signed_token(algorithm: str, key: Any, issuer: str) -> str:
    """A JWT with what introspection answers."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "sub": "acct_0123456789abcdefghijkl",
        "aud": RESOURCE,
        "client_id": "benchmark",
        "scope": SCOPE,
        "iat": now,
        "exp": now + 86_400,
        "jti": "0123456789abcdefghijkl",
    }
    return jwt.encode({"alg": algorithm, "typ": "at+jwt"}, claims, key)


class _Seen(threading.local):
    """How the present call's token was validated."""

    how = ""

    def update(self, event: str) -> None:
        """As `observe` of the kit."""
        self.how = event


_seen = _Seen()


@app.after_request
def tell_how(response: Response) -> Response:
    """For `revocation_latency.py`, which must know whether a call was a hit."""
    response.headers["X-Validated"] = _seen.how
    return response


if _settings:
    connection = {name: _settings[name] for name in ("issuer", "client_id", "client_secret")}
    for path, follow in (("/memory", True), ("/introspection", False)):
        validator = connect(resource=RESOURCE, follow_revocations=follow, observe=_seen.update, **connection)
        app.add_url_rule(path, path, ResourceProtector(validator)(SCOPE)(protected))
    for algorithm, public_key in _settings["keys"].items():
        key = KEYS[algorithm].import_key(public_key)
        app.add_url_rule(f"/{algorithm}", algorithm, protected_by_jwt(algorithm, key))
