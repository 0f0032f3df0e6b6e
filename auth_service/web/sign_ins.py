"""A sign-in is completed here, whichever way somebody proved who they are."""

import logging
import time

from flask import redirect
from flask.typing import ResponseReturnValue

from auth_service.models.account import Account
from auth_service.models.authentication import PASSWORD, Authentication
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.protocol.observer import Observer, SignIn
from auth_service.storage.security_events import SecurityEventStore
from auth_service.web.browser_session import begin_signed_in_session

_log = logging.getLogger(__name__)


class SignIns:
    """It completes them."""

    def __init__(self, events: SecurityEventStore, observer: Observer) -> None:
        self._events = events
        self._observer = observer

    def complete(self, account: Account, methods: tuple[str, ...], target: str) -> ResponseReturnValue:
        """Sign the account in, which proved by these methods who it is, and lead on to `target`, a page of ours."""
        begin_signed_in_session(account, Authentication(time.time(), methods))
        how = None if methods == PASSWORD else " ".join(methods)
        self._events.add(SecurityEvent(kind=EventKind.SIGNED_IN, account_id=account.id, detail=how))
        self._observer.sign_in(SignIn.SUCCEEDED)
        _log.info("signed in", extra={"account_id": account.id})
        return redirect(target, 303)
