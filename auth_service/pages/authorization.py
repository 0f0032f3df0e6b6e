"""`GET|POST /authorize` (RFC 6749 §3.1, OpenID Connect Core §3.1.2.1) takes the request in and leads on to the pages.

Where nobody may be asked (`prompt=none`), there is no page to lead on to, and the answer is given at once. Nothing is
kept for it, and no cookie is set: so it comes in a frame of another site too, where a browser drops cookies.
"""

import time

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from auth_service.protocol.authorization.endpoint import AuthorizationEndpoint
from auth_service.protocol.authorization.pushed_requests import PushedAuthorizationRequests
from auth_service.protocol.client_documents.known_clients import DocumentClients
from auth_service.protocol.errors import InvalidRequestUriError
from auth_service.protocol.grants.creation import Decision
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.authentication_request import SignedIn, must_not_ask
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.throttle import Throttle
from auth_service.web.browser_requests import again_as_query, query_request, to_flask
from auth_service.web.browser_session import authentication, browser_binding, signed_in_account
from auth_service.web.http_methods import refuse_head
from auth_service.web.kept_requests import count_kept_request
from auth_service.web.languages import prefer
from auth_service.web.leaving import ask_before_leaving, show_mistake


def authorization_endpoint(
    endpoint: AuthorizationEndpoint,
    pushed_requests: PushedAuthorizationRequests,
    accounts: AccountStore,
    clients: ClientStore,
    documents: DocumentClients,
    throttle: Throttle,
    pending: AuthorizationRequestStore,
) -> Blueprint:
    """Return a blueprint with the endpoint."""
    blueprint = Blueprint("authorization", __name__)
    refuse_head(blueprint)

    @blueprint.get("/authorize")
    def authorize() -> ResponseReturnValue:
        asked = query_request(endpoint.issuer)
        try:
            request = pushed_requests.named_by(asked)
        except InvalidRequestUriError:
            if not _waits_here(asked):
                raise
            return redirect(url_for("consent.ask", request=pushed_requests.name_in(asked)), 303)
        prefer(request.parameters.get("ui_locales", ()))
        if must_not_ask(request):
            return _answer_unasked(request)
        if not documents.expect(request.form.get("client_id", "")):  # else it is looked at after signing in
            try:
                endpoint.check(request)
            except OAuth2Error as error:
                if error.redirect_uri is None:
                    raise  # a page, see web/errors.py
                if signed_in_account(accounts) is None:
                    return _show_mistake(request, error)
                # Else its client hears of it: see pages/consent.py.
        count_kept_request(throttle, signed_in_account(accounts))
        name = pushed_requests.name_in(asked)
        request_id = pending.add(request.parameters, browser_binding(), direct=request.direct, request_id=name)
        return redirect(url_for("consent.ask", request=request_id), 303)

    @blueprint.post("/authorize")
    def authorize_by_form() -> ResponseReturnValue:
        return again_as_query()

    def _waits_here(asked: ProtocolRequest) -> bool:
        """Say whether this very browser named the same pushed request before, and did not answer it: it was reloaded.

        What it named waits under the same name, with the browser in the key: no other finds it (RFC 9126 §4).
        """
        kept = pending.find(pushed_requests.name_in(asked) or "", browser_binding())
        return kept is not None and kept.parameters["client_id"] == asked.parameters.get("client_id")

    def _show_mistake(request: ProtocolRequest, error: OAuth2Error) -> ResponseReturnValue:
        """Nobody is sent to an address that somebody once registered before they have signed in (RFC 9700 §4.11.2)."""
        client = clients.find(request.form["client_id"])
        if client is None:
            raise error  # deleted meanwhile
        return show_mistake(client, error, dict(endpoint.refuse(request, error).headers)["Location"])

    def _answer_unasked(request: ProtocolRequest) -> ResponseReturnValue:
        account = signed_in_account(accounts)
        signed_in = SignedIn(account.id, authentication()) if account else None
        try:
            assessment = endpoint.assess(request, time.time(), signed_in)
        except OAuth2Error as refusal:
            if refusal.redirect_uri is None:
                raise
            answer = endpoint.refuse(request, refusal)
            client = clients.find(request.form["client_id"])
            if account is None and client is not None and client.registered_itself:
                return ask_before_leaving(client.name, dict(answer.headers)["Location"])
            return to_flask(answer)
        assert account is not None
        asked = assessment.request
        decision = Decision(account, authentication(), asked.target.scopes, assessment.withdrawals)
        return to_flask(endpoint.answer(asked, decision))

    return blueprint
