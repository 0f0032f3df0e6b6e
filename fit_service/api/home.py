"""The bare address says what this service is, and where its documents are."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from fit_service.api.openapi import PATH
from shared.resource_server import metadata_path


def home_endpoint(origin: str, resource: str, issuer: str) -> Blueprint:
    """Make the blueprint. The answer is the same for everybody and needs no token."""
    blueprint = Blueprint("home", __name__)
    answer = {
        "service": "Moogle Fit API: a person's body weight over time, for apps that the person allowed",
        "documentation": f"{origin}/docs",
        "openapi": origin + PATH,
        "resource": resource,
        "resource_metadata": origin + metadata_path(resource),
        "authorization_server": issuer,
    }

    @blueprint.get("/")
    def show() -> ResponseReturnValue:
        return answer

    return blueprint
