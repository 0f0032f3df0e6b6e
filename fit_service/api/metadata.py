"""`/.well-known/oauth-protected-resource…` is what this API says about itself (RFC 9728)."""

from flask import Blueprint, Response, jsonify

from fit_service.web.access import READ, WRITE
from shared.resource_server import TokenValidator, metadata_path


def metadata_endpoint(validator: TokenValidator, resource: str, collection: str) -> Blueprint:
    """Make the blueprint. The API and its collection are described, each at an address of its own (§3.3)."""
    blueprint = Blueprint("metadata", __name__)

    def describe(resource: str) -> Response:
        return jsonify(validator.metadata(READ, WRITE, resource=resource))

    for name in (resource, collection):
        blueprint.get(metadata_path(name), defaults={"resource": name})(describe)
    return blueprint
