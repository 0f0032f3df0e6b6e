"""After their password people give a code here: of their authenticator app, or a recovery code."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from auth_service.pages.sign_in import let_form_lead_to_client, safe_target, waiting_request
from auth_service.protocol.factors.second_factors import SecondFactors
from auth_service.protocol.observer import Observer, SignIn
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.storage.throttle import Throttle
from auth_service.web.failed_sign_ins import FailedSignIns
from auth_service.web.forms_again import Again, show_again
from auth_service.web.sign_ins import SignIns
from auth_service.web.waiting import too_many_attempts

_LONGEST_CODE = 100
"""What is longer is not even looked at."""


def second_step_page(
    sign_ins: SignIns,
    factors: SecondFactors,
    throttle: Throttle,
    pending: AuthorizationRequestStore,
    failed_sign_ins: FailedSignIns,
    observer: Observer,
    help_contact: str | None,
) -> Blueprint:
    """Return a blueprint with the page, on which `help_contact` says whom to ask."""
    blueprint = Blueprint("second_step", __name__)
    show_again(blueprint, lambda: _from_the_beginning(Again.STALE))

    @blueprint.get("/sign-in/second-step")
    def show() -> ResponseReturnValue:
        if sign_ins.has_second_step() is None:
            return redirect(_from_the_beginning(Again.BEGIN_ANEW), 303)
        return _page()

    @blueprint.post("/sign-in/second-step")
    def take() -> ResponseReturnValue:
        account, target = sign_ins.has_second_step(), safe_target(request.args.get("next"))
        if account is None:
            return redirect(_from_the_beginning(Again.BEGIN_ANEW), 303)
        waiting_request(target, pending)  # whose language is spoken from here on
        admission = throttle.admit_second_step(account.username, request.remote_addr or "")
        if isinstance(admission, int):
            observer.sign_in(SignIn.THROTTLED)
            failed_sign_ins.second_step(account.id, throttled=True)
            problem = too_many_attempts(admission)
            return _page(problem), 429, {"Retry-After": str(admission)}
        methods = factors.take(account, request.form.get("code", "")[:_LONGEST_CODE])
        if methods is None:
            observer.sign_in(SignIn.FAILED)
            failed_sign_ins.second_step(account.id, throttled=False)
            problem = gettext("That code is not right, or was used already. Wait until your app shows another one.")
            return _page(problem), 401
        completed = sign_ins.second_step_taken(account, admission, methods, target)
        return completed or redirect(_from_the_beginning(Again.BEGIN_ANEW), 303)

    def _page(problem: str | None = None) -> str:
        target = safe_target(request.args.get("next"))
        let_form_lead_to_client(waiting_request(target, pending))
        return render_template("second_step.html", target=target, problem=problem, help_contact=help_contact)

    return blueprint


def _from_the_beginning(why: Again) -> str:
    return url_for("sign_in.sign_in", next=safe_target(request.args.get("next")), again=why)
