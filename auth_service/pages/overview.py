"""The page with which an account begins: who somebody is here, what needs them, and where everything is."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from auth_service.models.account import Account
from auth_service.models.security_event import EventKind
from auth_service.storage.accounts import AccountStore
from auth_service.storage.connected_apps import ConnectedAppStore
from auth_service.storage.passkeys import PasskeyStore
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.storage.security_events import SecurityEventStore
from auth_service.storage.token_reuses import TokenReuseStore
from auth_service.web.browser_session import signed_in_account


def overview_page(
    accounts: AccountStore,
    events: SecurityEventStore,
    connected: ConnectedAppStore,
    reuses: TokenReuseStore,
    passkeys: PasskeyStore,
    second_factors: SecondFactorStore,
) -> Blueprint:
    """Return a blueprint with the page."""
    blueprint = Blueprint("overview", __name__)

    @blueprint.get("/account")
    def show() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is None:
            return redirect(url_for("sign_in.sign_in", next=url_for("overview.show")), 303)
        apps, older = connected.page(account.id, None)
        sign_ins = events.page(account.id, (EventKind.SIGNED_IN,), None, 2)
        return render_template(
            "overview.html",
            account=account,
            reuses=reuses.unanswered(account.id),
            apps=len(apps),
            has_more_apps=older is not None,
            sign_in_before=sign_ins[1] if len(sign_ins) > 1 else None,
            wants_factor=_wants_factor(account),
        )

    def _wants_factor(account: Account) -> bool:
        return not passkeys.of(account.id) and second_factors.find(account.id) is None

    return blueprint
