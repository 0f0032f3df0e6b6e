"""`GET /jwks`: the public keys that verify what we sign (RFC 7517 §5)."""

from flask import Blueprint, Response, jsonify

from auth_service.protocol.signing_keys import SigningKeyRing

MAX_AGE = 3600
"""Seconds for which anybody may keep the keys: well below the day for which a new one is published before it signs."""


def jwks_endpoint(ring: SigningKeyRing) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("jwks", __name__)

    @blueprint.get("/jwks")
    def publish_keys() -> Response:
        answer = jsonify(keys=ring.public_keys())
        answer.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
        return answer

    return blueprint
