"""`GET|POST /logout` (OpenID Connect RP-Initiated Logout §2) signs out where that needs no question, else leads on."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from auth_service.protocol.openid.logout import LogoutEndpoint
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.storage.throttle import Throttle
from auth_service.web.browser_requests import again_as_query, query_request
from auth_service.web.browser_session import browser_binding, end_session, signed_in_account
from auth_service.web.http_methods import refuse_head
from auth_service.web.kept_requests import count_kept_request
from auth_service.web.leaving import ask_before_leaving


def logout_endpoint(
    endpoint: LogoutEndpoint, accounts: AccountStore, throttle: Throttle, kept: AuthorizationRequestStore
) -> Blueprint:
    """Return a blueprint with the endpoint."""
    blueprint = Blueprint("logout", __name__)
    refuse_head(blueprint)

    @blueprint.get("/logout")
    def log_out() -> ResponseReturnValue:
        request = query_request(endpoint.issuer)
        asked = endpoint.check(request)
        account = signed_in_account(accounts)
        if account is not None and not asked.needs_no_question(account.id):
            count_kept_request(throttle, account)
            request_id = kept.add(request.parameters, browser_binding())
            return redirect(url_for("sign_out.ask", request=request_id), 303)
        if account is not None:
            end_session()
        elif asked.returns_to and asked.client is not None and asked.client.registered_itself:
            return ask_before_leaving(asked.client.name, asked.returns_to)
        return redirect(asked.returns_to or url_for("sign_out.signed_out"), 303)

    @blueprint.post("/logout")
    def log_out_by_form() -> ResponseReturnValue:
        return again_as_query()

    return blueprint
