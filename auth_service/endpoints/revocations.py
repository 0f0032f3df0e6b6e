"""`GET /revocations`: the revocation feed of resource servers (docs/revocation_feed.md)."""

from flask import Blueprint, Response

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.revocation_feed import RevocationFeed
from auth_service.web.protocol_http import answer_query


def revocations_endpoint(server: AuthorizationServer, feed: RevocationFeed) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("revocations", __name__)

    @blueprint.get("/revocations")
    def read_revocations() -> Response:
        return answer_query(server, feed.answer)

    return blueprint
