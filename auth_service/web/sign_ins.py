"""A sign-in goes on and is completed here, whichever way somebody proved who they are."""

import logging
import time

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from auth_service.models.account import Account
from auth_service.models.authentication import PASSWORD, Authentication
from auth_service.protocol.observer import Observer, SignIn
from auth_service.storage.accounts import AccountStore
from auth_service.storage.begun_sign_ins import BegunSignIn, BegunSignInStore
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.storage.throttle import Admission, Throttle
from auth_service.web.browser_session import begin_signed_in_session, browser_binding
from auth_service.web.kept_requests import count_kept_request

_log = logging.getLogger(__name__)


class SignIns:
    """It leads from a right password, perhaps over a second step, to a session. Between the two nobody is signed in."""

    def __init__(
        self,
        accounts: AccountStore,
        factors: SecondFactorStore,
        begun: BegunSignInStore,
        throttle: Throttle,
        observer: Observer,
    ) -> None:
        self._accounts = accounts
        self._factors = factors
        self._begun = begun
        self._throttle = throttle
        self._observer = observer

    def password_given(
        self, account: Account, admission: Admission, target: str, *, remember: bool
    ) -> ResponseReturnValue:
        """Go on after a right password, whose attempt was admitted so: to the second step, if the account has one."""
        if self._factors.find(account.id) is None:
            self._throttle.sign_in_succeeded(admission)
            return self.complete(account, PASSWORD, target, remember=remember)
        self._throttle.password_was_right(admission)
        count_kept_request(self._throttle, None)
        begun = BegunSignIn(account.id, account.session_epoch)
        session["second_step"] = self._begun.add(begun, browser_binding())
        session["remember"] = remember
        return redirect(url_for("second_step.show", next=target), 303)

    def has_second_step(self) -> Account | None:
        """Return who gave the password in this browser, and may still take the second step."""
        begun = self._begun.find(str(session.get("second_step", "")), browser_binding())
        account = self._accounts.find(begun.account_id) if begun else None
        if begun is None or account is None or not account.enabled or account.session_epoch != begun.session_epoch:
            return None
        return account

    def second_step_taken(
        self, account: Account, admission: Admission, methods: tuple[str, ...], target: str
    ) -> ResponseReturnValue | None:
        """Complete a sign-in whose second step was taken; None if it was completed or ran out meanwhile."""
        if not self._begun.take(str(session.pop("second_step", "")), browser_binding()):
            return None
        self._throttle.sign_in_succeeded(admission)
        return self.complete(account, methods, target, remember=session.get("remember") is True)

    def complete(
        self, account: Account, methods: tuple[str, ...], target: str, *, remember: bool
    ) -> ResponseReturnValue:
        """Sign the account in, which proved by these methods who it is, and lead on to `target`, a page of ours."""
        begin_signed_in_session(account, Authentication(time.time(), methods), remember=remember)
        how = None if methods == PASSWORD else " ".join(methods)
        self._accounts.note_sign_in(account, how)
        self._observer.sign_in(SignIn.SUCCEEDED)
        _log.info("signed in", extra={"account_id": account.id})
        return redirect(target, 303)
