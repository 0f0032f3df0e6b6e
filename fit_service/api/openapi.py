"""`/openapi.json` is the OpenAPI document of this API."""

from flask import Blueprint, Flask, Response, jsonify

from fit_service.api.openapi_document import openapi_document

PATH = "/openapi.json"


def openapi_endpoint(app: Flask, origin: str, issuer: str) -> Blueprint:
    """Make the blueprint. The document describes all routes that `app` has by now."""
    blueprint, document = Blueprint("openapi", __name__), openapi_document(app, origin, issuer)

    @blueprint.get(PATH)
    def show_document() -> Response:
        return jsonify(document)

    return blueprint
