"""Whoever is signed in gives their password once more, where an unlocked screen must not be enough (ASVS 6.2.3)."""

from collections.abc import Mapping
from typing import NamedTuple

from flask import request
from flask_babel import gettext

from auth_service.models.account import Account
from auth_service.storage.accounts import AccountStore
from auth_service.storage.password_hashing import TooManyPasswordsError
from auth_service.storage.throttle import Throttle
from auth_service.web.failed_sign_ins import FailedSignIns


class NotRepeated(NamedTuple):
    """The password was not given again: what to say, with which status and headers."""

    problem: str
    status: int
    headers: Mapping[str, str]


class PresentPassword:
    """It is looked at as at the sign-in, by the same throttle: guesses here are guesses there."""

    def __init__(self, accounts: AccountStore, throttle: Throttle, failed_sign_ins: FailedSignIns) -> None:
        self._accounts = accounts
        self._throttle = throttle
        self._failed_sign_ins = failed_sign_ins

    def refusal(self, account: Account, password: str) -> NotRepeated | None:
        """Say why whoever sent this request did not give the account's password; None if they did.

        Raises TooManyPasswordsError.
        """
        admission = self._throttle.admit_sign_in(account.username, request.remote_addr or "")
        if isinstance(admission, int):
            self._failed_sign_ins.password_not_repeated(account.id, throttled=True)
            problem = gettext("Too many attempts. Try again later.")
            return NotRepeated(problem, 429, {"Retry-After": str(admission)})
        try:
            known = self._accounts.authenticate(account.username, password)
        except TooManyPasswordsError:
            self._throttle.not_tried(admission)
            raise
        if known is None:
            self._failed_sign_ins.password_not_repeated(account.id, throttled=False)
            return NotRepeated(gettext("That is not your present password."), 422, {})
        self._throttle.sign_in_succeeded(admission)
        return None
