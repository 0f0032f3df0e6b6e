"""People sign out here, of their own accord or because an app asks for it; then they are asked."""

from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from auth_service.models.language import gettext_noop
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.logout import LogoutEndpoint, LogoutRequest
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore, KeptRequest
from auth_service.web.browser_session import browser_binding, end_session, signed_in_account
from auth_service.web.double_clicks import DoubleClicks, sent_form
from auth_service.web.errors import failed
from auth_service.web.forms_again import Again, is_stale
from auth_service.web.languages import prefer
from auth_service.web.leaving import allow_form_to_lead_to

_EXPIRED = gettext_noop("This request has expired or was answered already.")


def sign_out_pages(
    endpoint: LogoutEndpoint, accounts: AccountStore, kept: AuthorizationRequestStore, double_clicks: DoubleClicks
) -> Blueprint:
    """Return a blueprint with the question, its answer and the page at the end. `kept` holds what apps asked for."""
    blueprint = Blueprint("sign_out", __name__)

    @blueprint.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        end_session()
        return redirect(url_for("sign_out.signed_out"), 303)

    @blueprint.get("/logout/confirm")
    def ask() -> ResponseReturnValue:
        request_id = request.args.get("request", "")
        asked = _asked(kept.find(request_id, browser_binding()))
        account = signed_in_account(accounts)
        if account is None:
            return redirect(url_for("sign_out.signed_out"), 303)
        if asked.returns_to:
            allow_form_to_lead_to(asked.returns_to)
        returns_to = urlsplit(asked.returns_to).netloc if asked.returns_to else None
        return render_template(
            "sign_out.html", account=account, asked=asked, request_id=request_id, returns_to=returns_to
        )

    @blueprint.post("/logout/confirm")
    def decide() -> ResponseReturnValue:
        return double_clicks.answer(sent_form(), _decide)

    def _decide() -> ResponseReturnValue:
        asked = _asked(kept.take(request.form.get("request", ""), browser_binding()))
        if request.form.get("decision") != "sign_out":
            return redirect(url_for("connected_apps.show"), 303)
        end_session()
        return redirect(asked.returns_to or url_for("sign_out.signed_out"), 303)

    @blueprint.get("/logout/done")
    def signed_out() -> ResponseReturnValue:
        if signed_in_account(accounts) is not None:
            return redirect(url_for("connected_apps.show"), 303)
        return render_template("signed_out.html")

    @blueprint.errorhandler(CSRFError)
    def session_has_ended(error: CSRFError) -> ResponseReturnValue:
        """Answer a second click too: with the first one the session ended whose token the form has."""
        nobody = signed_in_account(accounts) is None
        if nobody and (earlier := double_clicks.earlier(sent_form())) is not None:
            return earlier
        if not is_stale():
            return failed(error)
        request_id = request.form.get("request")
        if nobody or request_id is None:
            return redirect(url_for("sign_out.signed_out"), 303)  # or the person's apps, if somebody is signed in
        return redirect(url_for("sign_out.ask", request=request_id, again=Again.STALE), 303)

    def _asked(request: KeptRequest | None) -> LogoutRequest:
        """Check it again: a client may have been deleted, or its address, since."""
        if request is None:
            abort(400, _EXPIRED)
        prefer(request.parameters.get("ui_locales", ()))
        return endpoint.check(ProtocolRequest("GET", f"{endpoint.issuer}/logout", {}, request.parameters))

    return blueprint
