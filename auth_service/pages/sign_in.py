"""People sign in here."""

import math
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from auth_service.models.account import normalised_name
from auth_service.models.authentication import MULTI_FACTOR
from auth_service.protocol.observer import Observer, SignIn
from auth_service.storage.accounts import AccountStore
from auth_service.storage.authorization_requests import AuthorizationRequestStore, Parameters
from auth_service.storage.clients import ClientStore
from auth_service.storage.password_hashing import TooManyPasswordsError
from auth_service.storage.throttle import Throttle
from auth_service.web.browser_session import browser_binding, is_remembered, signed_in_account
from auth_service.web.failed_sign_ins import FailedSignIns
from auth_service.web.forms_again import Again, show_again
from auth_service.web.languages import prefer
from auth_service.web.leaving import allow_form_to_lead_to
from auth_service.web.sign_ins import SignIns
from auth_service.web.waiting import too_many_attempts
from shared.service.security_headers import let_scripts_run


class SignInForm(FlaskForm):
    """Paste and password managers are welcome (ASVS 6.2.7)."""

    username = StringField("User name", [InputRequired(), Length(max=64)])
    password = PasswordField("Password", [InputRequired(), Length(max=1024)])
    remember = BooleanField("Stay signed in on this browser")


def sign_in_pages(
    accounts: AccountStore,
    clients: ClientStore,
    throttle: Throttle,
    pending: AuthorizationRequestStore,
    sign_ins: SignIns,
    failed_sign_ins: FailedSignIns,
    observer: Observer,
    help_contact: str | None,
    remembered_for: int,
    *,
    takes_passkeys: bool,
    mails: bool,
    signs_up: bool,
) -> Blueprint:
    """Return a blueprint with the page. Without mail, `help_contact` says there whom to ask.

    Who asks for it stays signed in for `remembered_for` seconds; nobody is offered that if it is 0.
    """
    blueprint = Blueprint("sign_in", __name__)

    def _page(form: SignInForm, target: str, waiting: Parameters, problem: str | None = None) -> str:
        client = clients.find(waiting.get("client_id", [""])[0])
        return render_template(
            "sign_in.html",
            form=form,
            target=target,
            client=client,
            problem=problem,
            help_contact=help_contact,
            days_remembered=math.ceil(remembered_for / 86_400),
            takes_passkeys=takes_passkeys,
            mails=mails,
            signs_up=signs_up,
            multi_factor=MULTI_FACTOR,
            acr_values=waiting.get("acr_values", [""])[0].split(),
        )

    def _page_of_lost_form() -> str:
        """Return where to go on: who signed in in another tab meanwhile goes where this one would lead."""
        target, account = safe_target(request.args.get("next")), signed_in_account(accounts)
        typed = request.form.get("username", "")
        if account is not None and account.username in {typed, normalised_name(typed)}:
            return target
        return url_for("sign_in.sign_in", next=target, again=Again.STALE)

    show_again(blueprint, _page_of_lost_form)

    @blueprint.route("/sign-in", methods=["GET", "POST"])
    def sign_in() -> ResponseReturnValue:
        target = safe_target(request.args.get("next"))
        waiting = waiting_request(target, pending)
        let_form_lead_to_client(waiting)
        let_scripts_run(asking=True)
        stays = is_remembered() and not _may_be_another() and signed_in_account(accounts) is not None
        form = SignInForm(username=waiting.get("login_hint", [""])[0][:64], remember=stays)
        if not form.validate_on_submit():
            return _page(form, target, waiting)
        username, password = form.username.data or "", form.password.data or ""
        address = request.remote_addr or ""
        admission = throttle.admit_sign_in(username, address)
        if isinstance(admission, int):
            observer.sign_in(SignIn.THROTTLED)
            failed_sign_ins.throttled(username)
            problem = too_many_attempts(admission)
            return _page(form, target, waiting, problem), 429, {"Retry-After": str(admission)}
        try:
            account = accounts.authenticate(username, password)
        except TooManyPasswordsError:
            throttle.not_tried(admission)
            raise
        if account is None:
            observer.sign_in(SignIn.FAILED)
            failed_sign_ins.failed(username)
            problem = gettext("That user name and password don’t match.")
            return _page(form, target, waiting, problem), 401
        return sign_ins.password_given(account, admission, target, remember=bool(form.remember.data))

    return blueprint


def _may_be_another() -> bool:
    """Say whether somebody else may sign in now, who came to do so, or comes back from a form that was not taken.

    Who signs in anew goes on as before, and nobody else does.
    """
    return "another" in request.args or request.args.get("again", Again.SIGN_IN_ANEW) != Again.SIGN_IN_ANEW


def safe_target(target: str | None) -> str:
    """Return the page of ours to go to after signing in, and never another site (ASVS 3.7.2)."""
    if target is None or not target.startswith("/") or target.startswith("//"):
        return url_for("overview.show")
    if any(character in target for character in "\\\r\n\t"):
        return url_for("overview.show")
    return target


def waiting_request(target: str, pending: AuthorizationRequestStore) -> Parameters:
    """Return the authorization request for which somebody is asked to sign in, if any, and speak its language."""
    request_ids = parse_qs(urlsplit(target).query).get("request", [])
    waiting = pending.find(request_ids[0], browser_binding()) if request_ids else None
    parameters = waiting.parameters if waiting else {}
    prefer(parameters.get("ui_locales", ()))
    return parameters


def let_form_lead_to_client(waiting: Parameters) -> None:
    """After signing in, a remembered consent may send the browser on to the client at once."""
    if "redirect_uri" in waiting:
        allow_form_to_lead_to(waiting["redirect_uri"][0])
