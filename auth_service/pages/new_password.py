"""Somebody whom a link led here chooses a password, with which they sign in afterwards as usual."""

import logging

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from auth_service.models.password import password_problem
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.errors import AlreadyExistsError
from auth_service.storage.password_links import Owner, PasswordLinks
from auth_service.web.browser_session import end_session
from auth_service.web.followed_link import followed_link, forget_link, keep_link
from auth_service.web.forms_again import Again, show_again
from shared.service.security_headers import let_scripts_run

_log = logging.getLogger(__name__)


class NewPasswordForm(FlaskForm):
    """Paste and password managers are welcome."""

    new = PasswordField("New password", [InputRequired(), Length(max=1024)])


def new_password_page(links: PasswordLinks, revocation: GrantRevocation, help_contact: str | None) -> Blueprint:
    """Return a blueprint with the page."""
    blueprint = Blueprint("new_password", __name__)
    show_again(blueprint, lambda: url_for("new_password.show", again=Again.STALE))

    def _unusable() -> ResponseReturnValue:
        return render_template("unusable_link.html", help_contact=help_contact), 410

    @blueprint.get("/new-password")
    def show() -> ResponseReturnValue:
        if (led_on := keep_link()) is not None:
            return led_on
        owner = links.owner(followed_link())
        return _unusable() if owner is None else _page(owner, NewPasswordForm())

    @blueprint.post("/new-password")
    def choose() -> ResponseReturnValue:
        token, form = followed_link(), NewPasswordForm()
        owner = links.owner(token)
        if owner is None:
            return _unusable()
        new = form.new.data or ""
        if not form.validate_on_submit():
            return _page(owner, form, gettext("A password is needed.")), 422
        if problem := password_problem(new, owner.username):
            return _page(owner, form, " ".join(map(gettext, problem))), 422
        try:
            if not revocation.choose_password(token, new):
                return _unusable()
        except AlreadyExistsError:
            return _page(
                owner, form, gettext("Somebody else has this user name since. Make an account with another one.")
            ), 409
        forget_link()
        end_session()
        _log.info("a password was chosen with a link")
        return redirect(url_for("new_password.chosen"), 303)

    @blueprint.get("/new-password/chosen")
    def chosen() -> ResponseReturnValue:
        return render_template("password_chosen.html")

    return blueprint


def _page(owner: Owner, form: NewPasswordForm, problem: str | None = None) -> str:
    let_scripts_run()
    return render_template("new_password.html", owner=owner, form=form, problem=problem)
