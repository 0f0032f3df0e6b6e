"""People sign in with a passkey: the sign-in page's script asks for a challenge, and its form brings the answer."""

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests

from auth_service.pages.sign_in import safe_target
from auth_service.protocol.factors.passkeys import Passkeys
from auth_service.protocol.observer import Observer, SignIn
from auth_service.storage.throttle import Throttle
from auth_service.web.browser_session import browser_binding
from auth_service.web.failed_sign_ins import FailedSignIns
from auth_service.web.forms_again import Again, show_again
from auth_service.web.languages import prefer
from auth_service.web.sign_ins import SignIns


def passkey_sign_in(
    passkeys: Passkeys, throttle: Throttle, sign_ins: SignIns, failed_sign_ins: FailedSignIns, observer: Observer
) -> Blueprint:
    """Return a blueprint with the question and the answer to it."""
    blueprint = Blueprint("passkey_sign_in", __name__)
    show_again(blueprint, lambda: _sign_in_page(Again.STALE))

    @blueprint.post("/sign-in/passkey/options")
    def ask() -> ResponseReturnValue:
        if wait := throttle.passkey_challenge(request.remote_addr or ""):
            raise TooManyRequests(retry_after=wait)
        return jsonify(passkeys.ask_to_sign_in(browser_binding()))

    @blueprint.post("/sign-in/passkey")
    def sign_in() -> ResponseReturnValue:
        prefer(request.args.getlist("ui_locales"))  # as the page of the form did
        proven = passkeys.sign_in(browser_binding(), request.form.get("answer", ""))
        if proven is None:
            observer.sign_in(SignIn.FAILED)
            failed_sign_ins.passkey_failed()
            return redirect(_sign_in_page(Again.PASSKEY_REFUSED), 303)
        target, remember = safe_target(request.args.get("next")), "remember" in request.form
        return sign_ins.complete(proven.account, proven.methods, target, remember=remember)

    return blueprint


def _sign_in_page(why: Again) -> str:
    return url_for("sign_in.sign_in", next=safe_target(request.args.get("next")), again=why)
