"""`POST /token` (RFC 6749 §3.2)."""

from flask import Blueprint, Response

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.web.protocol_http import answer_form


def token_endpoint(server: AuthorizationServer) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("token", __name__)

    @blueprint.post("/token")
    def issue_token() -> Response:
        return answer_form(server, server.create_token_response)

    return blueprint
