"""`GET|POST /authorize` (RFC 6749 §3.1, OpenID Connect Core §3.1.2.1): takes the request in, leads on to the pages."""

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.pushed_authorization_requests import named_request
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.web.browser_session import browser_binding
from auth_service.web.protocol_http import again_as_query, query_request


def authorization_endpoint(server: AuthorizationServer, pending: AuthorizationRequestStore) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("authorization", __name__)

    @blueprint.get("/authorize")
    def authorize() -> ResponseReturnValue:
        request = named_request(server, query_request(server.parts.issuer))
        try:
            server.validate_authorization_request(request)
        except OAuth2Error as error:
            if error.redirect_uri is None:
                raise  # a page, see errors.py
            # Else its client hears of it, but not before somebody has signed in: see pages/consent.py.
        request_id = pending.add(request.parameters, browser_binding(), direct=request.direct)
        return redirect(url_for("consent.ask", request=request_id), 303)

    @blueprint.post("/authorize")
    def authorize_by_form() -> ResponseReturnValue:
        return again_as_query()

    return blueprint
