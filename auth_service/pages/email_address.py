"""People have another e-mail address in a section under "Sign-in and security", and confirm it by a mailed link."""

import logging

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from auth_service.models.account import normalised_email
from auth_service.models.smtp_server import LONGEST_EMAIL, is_email
from auth_service.pages.security import SecurityPage
from auth_service.storage.accounts import AccountStore
from auth_service.storage.email_changes import EmailChanges
from auth_service.storage.throttle import Throttle
from auth_service.web.browser_session import signed_in_account
from auth_service.web.followed_link import followed_link, forget_link, keep_link
from auth_service.web.forms_again import Again, show_again
from auth_service.web.present_password import PresentPassword
from auth_service.web.required_sign_in import account_or_sign_in
from auth_service.web.waiting import too_many_messages

_log = logging.getLogger(__name__)


class EmailForm(FlaskForm):
    """The present password is asked for: with the address goes the way to a new password."""

    email = StringField("New e-mail address", [InputRequired(), Length(max=LONGEST_EMAIL)])
    current_for_email = PasswordField("Present password", [InputRequired(), Length(max=1024)])


def email_section(
    page: SecurityPage,
    accounts: AccountStore,
    throttle: Throttle,
    present_password: PresentPassword,
    changes: EmailChanges,
) -> Blueprint:
    """Add the section to the page, and return a blueprint with its action."""
    blueprint = Blueprint("email", __name__)
    show_again(blueprint, lambda: url_for("security.show", again=Again.STALE))
    page.add("email", lambda _: {"form": EmailForm()})

    @blueprint.post("/account/email")
    def change() -> ResponseReturnValue:
        account = account_or_sign_in(accounts, url_for("security.show"))
        form = EmailForm()
        email = normalised_email(form.email.data or "")

        def again(problem: str) -> str:
            return page.show(account, "email", form=form, problem=problem)

        if not form.validate_on_submit():
            return again(gettext("The address and your present password are needed.")), 422
        if not is_email(email):
            return again(gettext("An e-mail address looks like mo@example.org.")), 422
        if refused := present_password.refusal(account, form.current_for_email.data or ""):
            return again(refused.problem), refused.status, refused.headers
        wait = throttle.mailed_for(email, request.remote_addr or "")
        if wait is not None:
            return again(too_many_messages(wait)), 429, {"Retry-After": str(wait)}
        changes.request(account, email)
        _log.info("another e-mail address is wanted", extra={"account_id": account.id})
        flash(
            gettext("We sent a message to that address. Open the link in it within a day; until then nothing changes.")
        )
        return redirect(url_for("security.show"), 303)

    return blueprint


def new_address_page(accounts: AccountStore, changes: EmailChanges, help_contact: str | None) -> Blueprint:
    """Return a blueprint with the page to which the link leads."""
    blueprint = Blueprint("new_address", __name__)
    show_again(blueprint, lambda: url_for("new_address.show", again=Again.STALE))

    def _unusable() -> ResponseReturnValue:
        return render_template("unusable_link.html", help_contact=help_contact), 410

    @blueprint.get("/new-address")
    def show() -> ResponseReturnValue:
        if (led_on := keep_link()) is not None:
            return led_on
        wanted = changes.wanted(followed_link())
        if wanted is None:
            return _unusable()
        username, email = wanted
        return render_template("new_address.html", username=username, email=email)

    @blueprint.post("/new-address")
    def confirm() -> ResponseReturnValue:
        if not changes.confirm(followed_link()):
            return _unusable()
        forget_link()
        _log.info("an e-mail address was confirmed")
        return redirect(url_for("new_address.confirmed"), 303)

    @blueprint.get("/new-address/confirmed")
    def confirmed() -> ResponseReturnValue:
        return render_template("address_confirmed.html", account=signed_in_account(accounts))

    return blueprint
