"""People sign out of every browser in a section under "Sign-in and security"."""

import logging

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from auth_service.pages.security import SecurityPage
from auth_service.storage.accounts import AccountStore
from auth_service.web.browser_session import end_session, signed_in_account
from auth_service.web.forms_again import Again, show_again

_log = logging.getLogger(__name__)


def sessions_section(page: SecurityPage, accounts: AccountStore) -> Blueprint:
    """Add the section to the page, and return a blueprint with its action."""
    blueprint = Blueprint("sessions", __name__)
    show_again(blueprint, lambda: url_for("security.show", again=Again.STALE))
    page.add("sessions")

    @blueprint.post("/account/sign-out-everywhere")
    def sign_out_everywhere() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is not None:
            accounts.sign_out_everywhere(account.id)
            _log.info("signed out everywhere", extra={"account_id": account.id})
        end_session()
        return redirect(url_for("sign_out.signed_out"), 303)

    return blueprint
