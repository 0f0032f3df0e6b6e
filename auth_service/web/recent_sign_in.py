"""Whoever changes how an account signs in has shown only just now, by all that it takes, that it is theirs."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from auth_service.models.account import Account
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.web.browser_session import authentication, signed_in_freshly
from auth_service.web.forms_again import Again


def may_change_factors(account: Account, factors: SecondFactorStore) -> bool:
    """Say whether whoever is signed in may change how they do, so lately and so surely as they proved who they are."""
    return signed_in_freshly() and ("mfa" in authentication().methods or factors.find(account.id) is None)


def sign_in_anew(target: str) -> ResponseReturnValue:
    """Lead to the sign-in page, which says why, and from there to `target`, a page of ours."""
    return redirect(url_for("sign_in.sign_in", next=target, again=Again.SIGN_IN_ANEW), 303)
