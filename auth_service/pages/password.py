"""People choose a new password in a section under "Sign-in and security"."""

import logging
from contextlib import suppress

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from auth_service.models.password import password_problem
from auth_service.pages.security import SecurityPage
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.accounts import AccountStore
from auth_service.storage.password_hashing import TooManyPasswordsError
from auth_service.web.browser_session import go_on_alone
from auth_service.web.forms_again import Again, show_again
from auth_service.web.present_password import PresentPassword
from auth_service.web.required_sign_in import account_or_sign_in

_log = logging.getLogger(__name__)


class PasswordForm(FlaskForm):
    """The present password is asked for again: an unlocked screen must not be enough (ASVS 6.2.3)."""

    current = PasswordField("Present password", [InputRequired(), Length(max=1024)])
    new = PasswordField("New password", [InputRequired(), Length(max=1024)])


def password_section(
    page: SecurityPage,
    accounts: AccountStore,
    present_password: PresentPassword,
    revocation: GrantRevocation,
) -> Blueprint:
    """Add the section to the page, and return a blueprint with its action."""
    blueprint = Blueprint("password", __name__)
    show_again(blueprint, lambda: url_for("security.show", again=Again.STALE))
    page.add("password", lambda _: {"form": PasswordForm()})

    @blueprint.post("/account/password")
    def change() -> ResponseReturnValue:
        account = account_or_sign_in(accounts, url_for("security.show"))
        form = PasswordForm()
        if not form.validate_on_submit():
            return page.show(account, "password", form=form, problem=gettext("Both passwords are needed.")), 422
        current, new = form.current.data or "", form.new.data or ""
        if refused := present_password.refusal(account, current):
            page_again = page.show(account, "password", form=form, problem=refused.problem)
            return page_again, refused.status, refused.headers
        if problem := password_problem(new, account.username):
            return page.show(account, "password", form=form, problem=" ".join(map(gettext, problem))), 422
        if not revocation.change_password(account, new):
            return redirect(url_for("sign_in.sign_in", next=url_for("security.show")), 303)
        _log.info("password changed", extra={"account_id": account.id})
        with suppress(TooManyPasswordsError):  # then they sign in again
            changed = accounts.authenticate(account.username, new)
            if changed is not None:
                go_on_alone(changed)
        flash(gettext("Your password is changed. Other browsers are signed out, and no app has access any more."))
        return redirect(url_for("security.show"), 303)

    return blueprint
