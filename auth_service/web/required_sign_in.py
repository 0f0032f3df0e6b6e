"""A page that is for who is signed in begins here: anybody else is led to the sign-in page, and from there back to it.

Each function returns the account at the browser, or ends the request with that redirect. `then` is a page of ours.
"""

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from auth_service.models.account import Account
from auth_service.storage.accounts import AccountStore
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.web.browser_session import authentication, signed_in_account, signed_in_freshly
from auth_service.web.forms_again import Again


def account_or_sign_in(accounts: AccountStore, then: str) -> Account:
    """Ask for no more than that somebody is signed in."""
    return signed_in_account(accounts) or abort(redirect(url_for("sign_in.sign_in", next=then), 303))


def account_or_sign_in_anew(accounts: AccountStore, then: str) -> Account:
    """Ask for a sign-in of just now, which an unlocked screen is not."""
    account = signed_in_account(accounts)
    return account if account is not None and signed_in_freshly() else abort(sign_in_anew(then))


def account_that_may_change_factors(accounts: AccountStore, factors: SecondFactorStore, then: str) -> Account:
    """Ask for a sign-in of just now, by all that it takes: with a second step if the account has one."""
    account = account_or_sign_in_anew(accounts, then)
    proven = "mfa" in authentication().methods or factors.find(account.id) is None
    return account if proven else abort(sign_in_anew(then))


def sign_in_anew(then: str) -> Response:
    """Return what leads to the sign-in page, which says why."""
    return redirect(url_for("sign_in.sign_in", next=then, again=Again.SIGN_IN_ANEW), 303)
