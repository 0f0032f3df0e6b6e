"""`POST /par` (RFC 9126 §2)."""

from flask import Blueprint, Response

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.pushed_authorization_requests import PushedAuthorizationRequestEndpoint
from auth_service.web.protocol_http import answer_form


def pushed_authorization_request_endpoint(server: AuthorizationServer) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("pushed_authorization_requests", __name__)

    @blueprint.post("/par")
    def push_authorization_request() -> Response:
        return answer_form(
            server,
            lambda request: server.create_endpoint_response(PushedAuthorizationRequestEndpoint.ENDPOINT_NAME, request),
        )

    return blueprint
