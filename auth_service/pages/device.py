"""A person types here the code that a device shows them, and decides (RFC 8628 §3.3)."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from auth_service.models.account import Account
from auth_service.models.client import Client
from auth_service.models.device_authorization import DeviceAuthorization
from auth_service.models.language import gettext_noop
from auth_service.pages.scope_choices import described, in_words
from auth_service.protocol.device.authorization import DeviceDecisions
from auth_service.protocol.device.user_code import shown, typed
from auth_service.protocol.grants.creation import Decision
from auth_service.protocol.identity_scopes import OPENID
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.consents import ConsentStore
from auth_service.storage.device_authorizations import DeviceAuthorizationStore
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.throttle import Throttle
from auth_service.web.browser_session import authentication, signed_in_account
from auth_service.web.double_clicks import DoubleClicks, sent_form
from auth_service.web.forms_again import Again, show_again
from auth_service.web.required_sign_in import account_or_sign_in
from auth_service.web.waiting import too_many_codes

_UNKNOWN = gettext_noop(
    "No device waits under this code. It may have expired: look whether your device shows a new one."
)


class _TooManyCodesError(Exception):
    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


def device_page(
    accounts: AccountStore,
    clients: ClientStore,
    consents: ConsentStore,
    resource_servers: ResourceServerStore,
    devices: DeviceAuthorizationStore,
    decisions: DeviceDecisions,
    throttle: Throttle,
    double_clicks: DoubleClicks,
) -> Blueprint:
    """Return a blueprint with the page and its answer. Consent is always asked: the device proved nothing."""
    blueprint = Blueprint("device", __name__)
    show_again(blueprint, lambda: _again(Again.STALE))

    @blueprint.get("/device")
    def ask() -> ResponseReturnValue:
        entered = request.args.get("user_code", "")
        account = account_or_sign_in(accounts, _page_of(entered))
        if not entered:
            return render_template("device_code.html", account=account)
        found = _look_up(account, entered, devices.find)
        if found is None:
            return render_template("device_code.html", account=account, entered=entered, problem=gettext(_UNKNOWN)), 422
        device, client = found
        return render_template(
            "device_question.html",
            account=account,
            client=client,
            user_code=shown(typed(entered) or ""),
            scopes=described(device.scopes, resource_servers.scopes()),
            signs_in=OPENID in device.scopes,
            withdrawals=consents.withdrawals(account.id, client.client_id),
            another_account=url_for("sign_in.sign_in", next=_page_of(entered), another="yes"),
            lifetime=in_words(decisions.grant_lifetime),
        )

    @blueprint.post("/device")
    def answer() -> ResponseReturnValue:
        return double_clicks.answer(sent_form(), _decide)

    def _decide() -> ResponseReturnValue:
        entered = request.form.get("user_code", "")
        account = account_or_sign_in(accounts, _page_of(entered))
        allowed, scopes = request.form.get("decision") == "allow", tuple(request.form.getlist("scope"))
        if allowed and not scopes:
            return redirect(_again(Again.NOTHING_TICKED), 303)
        found = _look_up(account, entered, devices.take)
        if found is None:
            return render_template("device_code.html", account=account, problem=gettext(_UNKNOWN)), 422
        device, client = found
        asked_at = request.form.get("withdrawals", type=int)
        decision = Decision(account, authentication(), scopes if allowed else (), asked_at)
        allowed = decisions.decide(device, client, decision)
        return render_template("device_answered.html", account=account, client=client, allowed=allowed)

    @blueprint.errorhandler(_TooManyCodesError)
    def slow_down(error: _TooManyCodesError) -> ResponseReturnValue:
        problem = too_many_codes(error.retry_after)
        page = render_template("device_code.html", account=signed_in_account(accounts), problem=problem)
        return page, 429, {"Retry-After": str(error.retry_after)}

    def _look_up(
        account: Account, entered: str, look_up: Callable[[str], DeviceAuthorization | None]
    ) -> tuple[DeviceAuthorization, Client] | None:
        """Count a code before looking it up, so that parallel guesses can't slip through (§5.1)."""
        admission = throttle.admit_user_code(account.id, request.remote_addr or "")
        if isinstance(admission, int):
            raise _TooManyCodesError(admission)
        user_code = typed(entered)
        device = look_up(user_code) if user_code else None
        client = clients.find(device.client_id) if device else None
        if device is None or client is None:
            return None
        throttle.user_code_found(admission)
        return device, client

    return blueprint


def _again(why: Again) -> str:
    return url_for("device.ask", user_code=request.form.get("user_code") or None, again=why)


def _page_of(entered: str) -> str:
    return url_for("device.ask", user_code=entered or None)
