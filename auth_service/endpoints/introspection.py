"""`POST /introspect` (RFC 7662 §2)."""

from flask import Blueprint, Response

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.introspection_endpoint import IntrospectionEndpoint
from auth_service.web.protocol_http import answer_form


def introspection_endpoint(server: AuthorizationServer) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("introspection", __name__)

    @blueprint.post("/introspect")
    def introspect_token() -> Response:
        return answer_form(
            server,
            lambda request: server.create_endpoint_response(IntrospectionEndpoint.ENDPOINT_NAME, request),
        )

    return blueprint
