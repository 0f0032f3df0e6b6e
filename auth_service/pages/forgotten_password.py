"""Whoever forgot their password has a link mailed. The answer never says whether there is such an account."""

import logging

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from auth_service.models.security_event import EventKind
from auth_service.models.smtp_server import LONGEST_EMAIL
from auth_service.storage.password_links import PasswordLinks
from auth_service.storage.throttle import Throttle
from auth_service.web.failed_sign_ins import FailedSignIns
from auth_service.web.forms_again import Again, show_again
from auth_service.web.waiting import too_many_attempts

_log = logging.getLogger(__name__)


class ForgottenPasswordForm(FlaskForm):
    """Either will do."""

    typed = StringField("User name or e-mail address", [InputRequired(), Length(max=LONGEST_EMAIL)])


def forgotten_password_page(links: PasswordLinks, throttle: Throttle, failed_sign_ins: FailedSignIns) -> Blueprint:
    """Return a blueprint with the page; it needs a mail server."""
    blueprint = Blueprint("forgotten_password", __name__)
    show_again(blueprint, lambda: url_for("forgotten_password.ask", again=Again.STALE))

    @blueprint.route("/forgot-password", methods=["GET", "POST"])
    def ask() -> ResponseReturnValue:
        form = ForgottenPasswordForm()
        if not form.validate_on_submit():
            problem = gettext("Type your user name or your e-mail address.") if form.is_submitted() else None
            return _page(form, problem), 422 if problem else 200
        typed = form.typed.data or ""
        wait = throttle.mailed_for(typed, request.remote_addr or "")
        if wait is not None:
            problem = too_many_attempts(wait)
            return _page(form, problem), 429, {"Retry-After": str(wait)}
        people = links.forgotten(typed)
        failed_sign_ins.count(EventKind.PASSWORD_RESET_REQUESTED, people)
        _log.info("a new password is asked for", extra={"account_ids": people})
        return redirect(url_for("forgotten_password.asked"), 303)

    @blueprint.get("/forgot-password/sent")
    def asked() -> ResponseReturnValue:
        return render_template("mail_sent.html")

    return blueprint


def _page(form: ForgottenPasswordForm, problem: str | None) -> str:
    return render_template("forgotten_password.html", form=form, problem=problem)
