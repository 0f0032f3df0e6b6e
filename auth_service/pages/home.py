"""The page of the bare address says what this service is, to people and to those who write apps."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from auth_service.storage.accounts import AccountStore
from auth_service.web.browser_session import signed_in_account


def home_page(accounts: AccountStore) -> Blueprint:
    """Return a blueprint with the page."""
    blueprint = Blueprint("home", __name__)

    @blueprint.get("/")
    def show() -> ResponseReturnValue:
        return render_template("home.html", account=signed_in_account(accounts))

    return blueprint
