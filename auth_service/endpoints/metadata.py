"""The server's description of itself, at the address of RFC 8414 §3 and at that of OpenID Connect Discovery §4."""

from flask import Blueprint, Response, jsonify

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.features import metadata


def metadata_endpoint(server: AuthorizationServer) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("metadata", __name__)

    @blueprint.get("/.well-known/oauth-authorization-server")
    @blueprint.get("/.well-known/openid-configuration")
    def describe_server() -> Response:
        return jsonify(metadata(server))

    return blueprint
