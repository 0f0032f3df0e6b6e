"""Behind every grant is a question: may this app do these things? The person ticks the scopes one by one."""

import json
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from auth_service.models.account import Account
from auth_service.models.authentication import MULTI_FACTOR
from auth_service.models.language import gettext_noop
from auth_service.pages.scope_choices import described, in_words
from auth_service.protocol.authorization.endpoint import Assessment, AuthorizationEndpoint
from auth_service.protocol.authorization.request import AuthorizationRequest
from auth_service.protocol.client_documents.known_clients import DocumentClients
from auth_service.protocol.grants.creation import Decision, GrantCreation
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.authentication_request import Next, SignedIn, UnmetAuthenticationRequirementsError
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore, KeptRequest
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.web.browser_requests import to_flask
from auth_service.web.browser_session import authentication, browser_binding, signed_in_account
from auth_service.web.double_clicks import DoubleClicks, sent_form
from auth_service.web.forms_again import Again, show_again
from auth_service.web.http_methods import refuse_head
from auth_service.web.languages import prefer
from auth_service.web.leaving import allow_form_to_lead_to

_EXPIRED = gettext_noop("This request has expired or was answered already. Go back to the app and start again.")


def consent_pages(
    endpoint: AuthorizationEndpoint,
    documents: DocumentClients,
    accounts: AccountStore,
    pending: AuthorizationRequestStore,
    resource_servers: ResourceServerStore,
    creation: GrantCreation,
    double_clicks: DoubleClicks,
) -> Blueprint:
    """Return a blueprint with the page and its answer. What is asked is what the server kept, not what a form says."""
    blueprint = Blueprint("consent", __name__)
    refuse_head(blueprint)
    show_again(blueprint, lambda: _again(Again.STALE))

    @blueprint.get("/consent")
    def ask() -> ResponseReturnValue:
        request_id = request.args.get("request", "")
        if (earlier := _earlier(request_id)) is not None:
            return earlier
        account, assessment = _who_decides(request_id)
        asked = assessment.request
        allow_form_to_lead_to(asked.redirect_uri)
        if assessment.step is Next.STRENGTHEN:
            return _ask_for_more(account, asked, request_id)
        if assessment.step is Next.ANSWER:
            decision = Decision(account, authentication(), asked.target.scopes, assessment.withdrawals)
            unasked = _unasked(request_id, account)
            return double_clicks.answer(unasked, lambda: _answer(request_id, decision), endpoint.may_repeat)
        return render_template(
            "consent.html",
            account=account,
            client=asked.client,
            only_on_this_machine=asked.client.public
            and not any(uri.startswith("https://") for uri in asked.client.redirect_uris),
            scopes=described(asked.target.scopes, resource_servers.scopes()),
            signs_in=OPENID in asked.target.scopes,
            request_id=request_id,
            withdrawals=assessment.withdrawals,
            another_account=_sign_in_for(request_id, another="yes"),
            lifetime=in_words(creation.lifetime),
            returns_to=urlsplit(asked.redirect_uri).netloc or urlsplit(asked.redirect_uri).scheme,
        )

    @blueprint.post("/consent")
    def decide() -> ResponseReturnValue:
        return double_clicks.answer(sent_form(), _decide, endpoint.may_repeat)

    def _decide() -> ResponseReturnValue:
        request_id = request.form.get("request", "")
        account, assessment = _who_decides(request_id)
        asked = assessment.request
        if request.form.get("client_name") != asked.client.name:  # it calls itself otherwise than the page did
            return redirect(url_for("consent.ask", request=request_id), 303)
        if assessment.step is Next.STRENGTHEN:
            return _refuse(request_id, UnmetAuthenticationRequirementsError(redirect_uri=asked.redirect_uri))
        return _answer(request_id, _decision(account, remember=asked.client.identity_assured))

    def _who_decides(request_id: str) -> tuple[Account, Assessment]:
        """Return who decides, and how the request stands. While nobody can decide, the browser is led elsewhere.

        Somebody signs in also where all that follows is an error for the client: else a link to us could send people to
        any address that somebody once registered (RFC 9700 §4.11.2).
        """
        kept = _waiting(pending.find(request_id, browser_binding()))
        account = signed_in_account(accounts)
        client_id = kept.parameters.get("client_id", [""])[0]
        if documents.expect(client_id):
            if account is None:
                abort(redirect(_sign_in_for(request_id), 303))
            documents.look(client_id, request.remote_addr or "")
        signed_in = SignedIn(account.id, authentication()) if account else None
        try:
            assessment = endpoint.assess(_protocol_request(endpoint.issuer, kept), kept.received_at, signed_in)
        except OAuth2Error as refusal:
            if refusal.redirect_uri is None:
                raise  # its client was deleted meanwhile, or has another address
            if account is None:
                abort(redirect(_sign_in_for(request_id), 303))
            abort(_refuse(request_id, refusal))
        if account is None or assessment.step is Next.SIGN_IN:
            abort(redirect(_sign_in_for(request_id), 303))
        return account, assessment

    def _refuse(request_id: str, refusal: OAuth2Error) -> Response:
        """Tell the client, whose address is beyond doubt."""
        kept = _waiting(pending.take(request_id, browser_binding()))
        return to_flask(endpoint.refuse(_protocol_request(endpoint.issuer, kept), refusal))

    def _answer(request_id: str, decision: Decision) -> ResponseReturnValue:
        kept = _waiting(pending.take(request_id, browser_binding()))
        return to_flask(endpoint.answer(endpoint.check(_protocol_request(endpoint.issuer, kept)), decision))

    def _earlier(request_id: str) -> Response | None:
        """Return what was answered without a question, where the same person comes a second time: by a double click."""
        account = signed_in_account(accounts)
        if account is None or pending.find(request_id, browser_binding()) is not None:
            return None
        return double_clicks.earlier(_unasked(request_id, account), endpoint.may_repeat)

    return blueprint


def _ask_for_more(account: Account, asked: AuthorizationRequest, request_id: str) -> str:
    """Show a page to who signed in for this request in a way that is not enough for it."""
    return render_template(
        "stronger_sign_in.html",
        account=account,
        client=asked.client,
        request_id=request_id,
        sign_in_again=_sign_in_for(request_id),
        takes_codes=MULTI_FACTOR in asked.authentication.acr_values,
    )


def _decision(account: Account, *, remember: bool) -> Decision:
    return Decision(account, authentication(), _ticked(), request.form.get("withdrawals", type=int), remember=remember)


def _ticked() -> tuple[str, ...]:
    """Return what was allowed. Who presses "Allow" with nothing ticked has not decided yet, and is asked again."""
    if request.form.get("decision") != "allow":
        return ()
    return tuple(request.form.getlist("scope")) or abort(redirect(_again(Again.NOTHING_TICKED), 303))


def _again(why: Again) -> str:
    return url_for("consent.ask", request=request.form.get("request", ""), again=why)


def _waiting(kept: KeptRequest | None) -> KeptRequest:
    """Return a request that waited, and have its page speak its language."""
    found = kept or abort(400, _EXPIRED)
    prefer(found.parameters.get("ui_locales", ()))
    return found


def _protocol_request(issuer: str, kept: KeptRequest) -> ProtocolRequest:
    return ProtocolRequest("GET", f"{issuer}/authorize", {}, kept.parameters, direct=kept.direct)


def _unasked(request_id: str, account: Account) -> str:
    return json.dumps(["unasked", browser_binding(), request_id, account.id, account.session_epoch])


def _sign_in_for(request_id: str, another: str | None = None) -> str:
    return url_for("sign_in.sign_in", next=url_for("consent.ask", request=request_id), another=another)
