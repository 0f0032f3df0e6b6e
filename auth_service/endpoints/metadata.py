"""`GET /.well-known/oauth-authorization-server` (RFC 8414 §3)."""

from flask import Blueprint, Response, jsonify

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.features import metadata


def metadata_endpoint(server: AuthorizationServer) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("metadata", __name__)

    @blueprint.get("/.well-known/oauth-authorization-server")
    def describe_server() -> Response:
        return jsonify(metadata(server))

    return blueprint
