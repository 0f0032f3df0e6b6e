"""`POST /revoke` (RFC 7009 §2)."""

from flask import Blueprint, Response

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.revocation_endpoint import RevocationEndpoint
from auth_service.web.protocol_http import answer_form


def revocation_endpoint(server: AuthorizationServer) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("revocation", __name__)

    @blueprint.post("/revoke")
    def revoke_token() -> Response:
        return answer_form(
            server, lambda request: server.create_endpoint_response(RevocationEndpoint.ENDPOINT_NAME, request)
        )

    return blueprint
