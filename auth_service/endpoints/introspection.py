"""`POST /introspect` (RFC 7662 §2)."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.introspection_endpoint import IntrospectionEndpoint
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.web.protocol_http import answer_form


def introspection_answer(server: AuthorizationServer) -> Callable[[ProtocolRequest], ProtocolResponse]:
    """What answers a request."""
    return partial(server.create_endpoint_response, IntrospectionEndpoint.ENDPOINT_NAME)


def introspection_endpoint(server: AuthorizationServer) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("introspection", __name__)
    answer = introspection_answer(server)

    @blueprint.post("/introspect")
    def introspect_token() -> Response:
        return answer_form(server, answer)

    return blueprint
