"""`GET|POST /userinfo` (OpenID Connect Core §5.3)."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.userinfo import userinfo
from shared.resource_server import ActiveToken, TokenValidator
from shared.resource_server.resource_protector import ResourceProtector


def userinfo_endpoint(validator: TokenValidator) -> Blueprint:
    """A blueprint with the endpoint."""
    require_token = ResourceProtector(validator)
    blueprint = Blueprint("userinfo", __name__)

    @blueprint.route("/userinfo", methods=["GET", "POST"])
    @require_token(OPENID)
    def tell_userinfo(token: ActiveToken) -> ResponseReturnValue:
        return jsonify(userinfo(token))

    return blueprint
