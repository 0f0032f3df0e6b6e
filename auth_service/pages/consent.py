"""The question behind every grant: may this app do these things? The person ticks the scopes one by one."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from auth_service.models.account import Account
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.grant_creation import Decision
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore, Parameters
from auth_service.storage.consents import ConsentStore
from auth_service.web.browser_session import browser_binding, signed_in_account
from auth_service.web.http_headers import allow_form_to_lead_to
from auth_service.web.protocol_http import to_flask

_EXPIRED = "This request has expired or was answered already. Go back to the app and start again."


def consent_pages(
    server: AuthorizationServer,
    accounts: AccountStore,
    consents: ConsentStore,
    pending: AuthorizationRequestStore,
) -> Blueprint:
    """A blueprint with the page and its answer. What is asked is what the server kept, not what a form says."""
    blueprint = Blueprint("consent", __name__)

    @blueprint.get("/consent")
    def ask() -> ResponseReturnValue:
        request_id = request.args.get("request", "")
        parameters = pending.find(request_id, browser_binding()) or abort(400, _EXPIRED)
        account = signed_in_account(accounts)
        if account is None:
            return redirect(url_for("sign_in.sign_in", next=url_for("consent.ask", request=request_id)), 303)
        grant = server.validate_authorization_request(_protocol_request(parameters))
        if _need_not_ask(account, grant):
            return _answer(request_id, Decision(account, grant.target.scopes))
        allow_form_to_lead_to(grant.redirect_uri)
        return render_template(
            "consent.html",
            account=account,
            client=grant.client,
            scopes=_described(grant.target.scopes),
            request_id=request_id,
            lifetime=_in_words(server.parts.grant_lifetime),
            returns_to=urlsplit(grant.redirect_uri).netloc or urlsplit(grant.redirect_uri).scheme,
        )

    @blueprint.post("/consent")
    def decide() -> ResponseReturnValue:
        request_id = request.form.get("request", "")
        account = signed_in_account(accounts)
        if account is None:
            return redirect(url_for("sign_in.sign_in", next=url_for("consent.ask", request=request_id)), 303)
        allowed = request.form.get("decision") == "allow"
        scopes = tuple(request.form.getlist("scope")) if allowed else ()
        return _answer(request_id, Decision(account, scopes))

    def _answer(request_id: str, decision: Decision) -> ResponseReturnValue:
        parameters = pending.take(request_id, browser_binding()) or abort(400, _EXPIRED)
        protocol_request = _protocol_request(parameters)
        grant = server.validate_authorization_request(protocol_request)
        answer = server.create_authorization_response(protocol_request, decision, grant)
        granted = tuple(scope for scope in grant.target.scopes if scope in decision.scopes)
        if granted and grant.client.identity_assured:
            consents.remember(decision.account.id, grant.client.client_id, granted)
        return to_flask(answer)

    def _need_not_ask(account: Account, grant: Any) -> bool:
        """Remembered per account, client and scope, but only where no other program can pose as the client."""
        remembered = consents.scopes(account.id, grant.client.client_id)
        return grant.client.identity_assured and remembered >= set(grant.target.scopes)

    def _described(scopes: Sequence[str]) -> list[tuple[str, str]]:
        known = server.parts.resource_servers.scopes()
        return [(scope, known[scope].description) for scope in scopes]

    def _protocol_request(parameters: Parameters) -> ProtocolRequest:
        return ProtocolRequest("GET", f"{server.parts.issuer}/authorize", {}, parameters, direct=False)

    return blueprint


def _in_words(seconds: int) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
