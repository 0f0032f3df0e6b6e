"""The page with which an account begins: who somebody is here, what needs them, and where everything is."""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from auth_service.storage.accounts import AccountStore
from auth_service.storage.token_reuses import TokenReuseStore
from auth_service.web.required_sign_in import account_or_sign_in


def overview_page(accounts: AccountStore, reuses: TokenReuseStore) -> Blueprint:
    """Return a blueprint with the page."""
    blueprint = Blueprint("overview", __name__)

    @blueprint.get("/account")
    def show() -> ResponseReturnValue:
        account = account_or_sign_in(accounts, url_for("overview.show"))
        return render_template("overview.html", account=account, reuses=reuses.unanswered(account.id))

    return blueprint
