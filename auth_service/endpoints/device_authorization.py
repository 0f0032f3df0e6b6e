"""`POST /device_authorization` (RFC 8628 §3.1)."""

from flask import Blueprint, Response

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.device_authorization import DeviceAuthorizationEndpoint
from auth_service.web.protocol_http import answer_form


def device_authorization_endpoint(server: AuthorizationServer) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("device_authorization", __name__)

    @blueprint.post("/device_authorization")
    def authorize_device() -> Response:
        return answer_form(
            server, lambda request: server.create_endpoint_response(DeviceAuthorizationEndpoint.ENDPOINT_NAME, request)
        )

    return blueprint
