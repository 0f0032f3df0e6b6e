"""Signing in and out."""

import logging
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from auth_service.models.security_event import SecurityEvent
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.storage.security_events import SecurityEventStore
from auth_service.storage.throttle import Throttle
from auth_service.web.browser_session import begin_signed_in_session, browser_binding, end_session
from auth_service.web.http_headers import allow_form_to_lead_to

_log = logging.getLogger(__name__)


class SignInForm(FlaskForm):
    """Paste and password managers are welcome (ASVS 6.2.7)."""

    username = StringField("User name", [InputRequired(), Length(max=64)])
    password = PasswordField("Password", [InputRequired(), Length(max=1024)])


def sign_in_pages(
    accounts: AccountStore, throttle: Throttle, pending: AuthorizationRequestStore, events: SecurityEventStore
) -> Blueprint:
    """A blueprint with both pages."""
    blueprint = Blueprint("sign_in", __name__)

    @blueprint.route("/sign-in", methods=["GET", "POST"])
    def sign_in() -> ResponseReturnValue:
        target = _safe_target(request.args.get("next"))
        _let_form_lead_to_waiting_client(target, pending)
        form = SignInForm()
        if not form.validate_on_submit():
            return render_template("sign_in.html", form=form, target=target)
        username, password = form.username.data or "", form.password.data or ""
        address = request.remote_addr or ""
        admission = throttle.admit_sign_in(username, address)
        if isinstance(admission, int):
            _log.warning("sign-in throttled", extra={"username": username})
            problem = f"Too many attempts. Try again in {-(-admission // 60)} minutes."
            page = render_template("sign_in.html", form=form, target=target, problem=problem)
            return page, 429, {"Retry-After": str(admission)}
        account = accounts.authenticate(username, password)
        if account is None:
            _log.warning("sign-in failed", extra={"username": username})
            problem = "That user name and password don’t match."
            return render_template("sign_in.html", form=form, target=target, problem=problem), 401
        throttle.sign_in_succeeded(admission)
        begin_signed_in_session(account)
        events.add(SecurityEvent(kind="signed_in", account_id=account.id))
        _log.info("signed in", extra={"account_id": account.id})
        return redirect(target, 303)

    @blueprint.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        end_session()
        return redirect(url_for("sign_in.sign_in"), 303)

    return blueprint


def _safe_target(target: str | None) -> str:
    """A page of ours to go to after signing in; never another site (ASVS 3.7.2)."""
    if target is None or not target.startswith("/") or target.startswith("//"):
        return url_for("connected_apps.show")
    if any(character in target for character in "\\\r\n\t"):
        return url_for("connected_apps.show")
    return target


def _let_form_lead_to_waiting_client(target: str, pending: AuthorizationRequestStore) -> None:
    """After signing in, a remembered consent may send the browser on to the client at once."""
    request_ids = parse_qs(urlsplit(target).query).get("request", [])
    parameters = pending.find(request_ids[0], browser_binding()) if request_ids else None
    if parameters and "redirect_uri" in parameters:
        allow_form_to_lead_to(parameters["redirect_uri"][0])
