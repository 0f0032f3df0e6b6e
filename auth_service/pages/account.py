"""On the account page people choose a new password and sign out of every browser."""

import logging
from contextlib import suppress

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from auth_service.models.account import Account
from auth_service.models.password import password_problem
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.accounts import AccountStore
from auth_service.storage.password_hashing import TooManyPasswordsError
from auth_service.storage.throttle import Throttle
from auth_service.storage.token_reuses import TokenReuseStore
from auth_service.web.browser_session import begin_signed_in_session, end_session, signed_in_account
from auth_service.web.failed_sign_ins import FailedSignIns
from auth_service.web.forms_again import Again, show_again
from shared.service.security_headers import let_scripts_run

_log = logging.getLogger(__name__)


class PasswordForm(FlaskForm):
    """The present password is asked for again: an unlocked screen must not be enough (ASVS 6.2.3)."""

    current = PasswordField("Present password", [InputRequired(), Length(max=1024)])
    new = PasswordField("New password", [InputRequired(), Length(max=1024)])


def account_page(
    accounts: AccountStore,
    throttle: Throttle,
    failed_sign_ins: FailedSignIns,
    revocation: GrantRevocation,
    reuses: TokenReuseStore,
) -> Blueprint:
    """Return a blueprint with the page and its two actions."""
    blueprint = Blueprint("account", __name__)
    show_again(blueprint, lambda: url_for("account.show", again=Again.STALE))

    @blueprint.get("/account")
    def show() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is None:
            return redirect(url_for("sign_in.sign_in", next=url_for("account.show")), 303)
        return _page(account, PasswordForm())

    @blueprint.post("/account/password")
    def change_password() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is None:
            return redirect(url_for("sign_in.sign_in", next=url_for("account.show")), 303)
        form = PasswordForm()
        if not form.validate_on_submit():
            return _page(account, form, "Both passwords are needed."), 422
        current, new = form.current.data or "", form.new.data or ""
        admission = throttle.admit_sign_in(account.username, request.remote_addr or "")
        if isinstance(admission, int):
            failed_sign_ins.password_not_repeated(account.id, throttled=True)
            return _page(account, form, "Too many attempts. Try again later."), 429, {"Retry-After": str(admission)}
        try:
            known = accounts.authenticate(account.username, current)
        except TooManyPasswordsError:
            throttle.not_tried(admission)
            raise
        if known is None:
            failed_sign_ins.password_not_repeated(account.id, throttled=False)
            return _page(account, form, "That is not your present password."), 422
        throttle.sign_in_succeeded(admission)
        if problem := password_problem(new, account.username):
            return _page(account, form, problem), 422
        if not revocation.change_password(account, new):
            return redirect(url_for("sign_in.sign_in", next=url_for("account.show")), 303)
        _log.info("password changed", extra={"account_id": account.id})
        with suppress(TooManyPasswordsError):  # then they sign in again
            changed = accounts.authenticate(account.username, new)
            if changed is not None:
                begin_signed_in_session(changed)  # this browser stays signed in, under a new session id
        flash("Your password is changed. Other browsers are signed out, and no app has access any more.")
        return redirect(url_for("connected_apps.show"), 303)

    @blueprint.post("/account/sign-out-everywhere")
    def sign_out_everywhere() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is not None:
            accounts.sign_out_everywhere(account.id)
            _log.info("signed out everywhere", extra={"account_id": account.id})
        end_session()
        return redirect(url_for("sign_out.signed_out"), 303)

    def _page(account: Account, form: PasswordForm, problem: str | None = None) -> str:
        unanswered = reuses.unanswered(account.id)
        let_scripts_run()
        return render_template("account.html", account=account, form=form, problem=problem, reuses=unanswered)

    return blueprint
