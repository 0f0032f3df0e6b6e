"""The page with which an account begins: who somebody is here, what needs them, and where everything is."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from auth_service.storage.accounts import AccountStore
from auth_service.storage.token_reuses import TokenReuseStore
from auth_service.web.browser_session import signed_in_account


def overview_page(accounts: AccountStore, reuses: TokenReuseStore) -> Blueprint:
    """Return a blueprint with the page."""
    blueprint = Blueprint("overview", __name__)

    @blueprint.get("/account")
    def show() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is None:
            return redirect(url_for("sign_in.sign_in", next=url_for("overview.show")), 303)
        return render_template("overview.html", account=account, reuses=reuses.unanswered(account.id))

    return blueprint
