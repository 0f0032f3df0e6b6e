"""Somebody makes an account: it is there when they followed the link that was mailed, and chose a password."""

import logging

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from auth_service.models.account import name_problem, normalised_email, normalised_name
from auth_service.models.security_event import EventKind
from auth_service.models.smtp_server import LONGEST_EMAIL, is_email
from auth_service.storage.errors import AlreadyExistsError
from auth_service.storage.password_links import PasswordLinks
from auth_service.storage.throttle import Throttle
from auth_service.web.failed_sign_ins import FailedSignIns
from auth_service.web.forms_again import Again, show_again
from auth_service.web.waiting import too_many_attempts

_log = logging.getLogger(__name__)


class SignUpForm(FlaskForm):
    """The password is chosen by who gets the mail: a stranger's would open an account with somebody else's address."""

    username = StringField("User name", [InputRequired(), Length(max=64)])
    email = StringField("E-mail address", [InputRequired(), Length(max=LONGEST_EMAIL)])


def sign_up_pages(links: PasswordLinks, throttle: Throttle, failed_sign_ins: FailedSignIns) -> Blueprint:
    """Return a blueprint with the page; it needs a mail server."""
    blueprint = Blueprint("sign_up", __name__)
    show_again(blueprint, lambda: url_for("sign_up.ask", again=Again.STALE))

    @blueprint.route("/sign-up", methods=["GET", "POST"])
    def ask() -> ResponseReturnValue:
        form = SignUpForm()
        if not form.validate_on_submit():
            problem = gettext("A user name and an e-mail address are needed.") if form.is_submitted() else None
            return _page(form, problem), 422 if problem else 200
        username, email = normalised_name(form.username.data or ""), normalised_email(form.email.data or "")
        if problem := name_problem(username):
            return _page(form, gettext(problem)), 422
        if not is_email(email):
            return _page(form, gettext("An e-mail address looks like mo@example.org.")), 422
        wait = throttle.mailed_for(email, request.remote_addr or "")
        if wait is not None:
            problem = too_many_attempts(wait)
            return _page(form, problem), 429, {"Retry-After": str(wait)}
        try:
            owner = links.register(username, email)
        except AlreadyExistsError:
            return _page(form, gettext("Somebody has this user name already. Choose another one.")), 409
        failed_sign_ins.count(EventKind.ACCOUNT_REQUESTED, [owner] if owner else [])
        _log.info("an account is asked for", extra={"account_id": owner})
        return redirect(url_for("sign_up.asked"), 303)

    @blueprint.get("/sign-up/sent")
    def asked() -> ResponseReturnValue:
        return render_template("sign_up_sent.html")

    return blueprint


def _page(form: SignUpForm, problem: str | None) -> str:
    return render_template("sign_up.html", form=form, problem=problem)
