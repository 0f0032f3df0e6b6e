"""`/register` (RFC 7591 §3) and `/register/<client id>` (RFC 7592 §2)."""

from flask import Blueprint, Response

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.dynamic_registration import DynamicRegistration
from auth_service.web.protocol_http import answer_json


def registration_endpoint(server: AuthorizationServer, registration: DynamicRegistration) -> Blueprint:
    """A blueprint with both endpoints."""
    blueprint = Blueprint("registration", __name__)

    @blueprint.post("/register")
    def register_client() -> Response:
        return answer_json(server, registration.register)

    @blueprint.get("/register/<client_id>")
    def read_registration(client_id: str) -> Response:
        return answer_json(server, lambda request: registration.read(request, client_id))

    @blueprint.put("/register/<client_id>")
    def update_registration(client_id: str) -> Response:
        return answer_json(server, lambda request: registration.update(request, client_id))

    @blueprint.delete("/register/<client_id>")
    def delete_registration(client_id: str) -> Response:
        return answer_json(server, lambda request: registration.delete(request, client_id))

    return blueprint
