"""An attempt to sign in that came to nothing is counted, recorded and noted in the log.

What was typed as a name is in none of these: people type passwords there. If it is somebody's, the account is named.
"""

import logging
from collections.abc import Sequence

from auth_service.models.acting import Who
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.accounts import AccountStore
from auth_service.storage.security_events import SecurityEventStore
from auth_service.storage.throttle import Throttle

_log = logging.getLogger(__name__)


class FailedSignIns:
    """It records them, and is not filled by strangers: the throttle bounds wrong passwords, and it the others."""

    def __init__(self, accounts: AccountStore, events: SecurityEventStore, throttle: Throttle) -> None:
        self._accounts = accounts
        self._events = events
        self._throttle = throttle

    def failed(self, username: str) -> None:
        """Record that a name and a password didn't match."""
        account_id = self._accounts.id_of(username)
        _log.warning("sign-in failed", extra={"account_id": account_id})
        if account_id is not None or self._throttle.admit_record():
            self._count(EventKind.SIGN_IN_FAILED, account_id)

    def throttled(self, username: str) -> None:
        """Record that nobody looked at a password."""
        if self._throttle.admit_record():
            account_id = self._accounts.id_of(username)
            _log.warning("sign-in throttled", extra={"account_id": account_id})
            self._count(EventKind.SIGN_IN_THROTTLED, account_id)

    def passkey_failed(self) -> None:
        """Record that what an authenticator answered was not good."""
        _log.warning("sign-in with a passkey failed")
        if self._throttle.admit_record():
            self._count(EventKind.SIGN_IN_FAILED, None, "passkey")

    def second_step(self, account_id: str, *, throttled: bool) -> None:
        """Record that who gave the right password could not give a code, or that nobody looked at it."""
        _log.warning("second step of a sign-in failed", extra={"account_id": account_id})
        kind = EventKind.SIGN_IN_THROTTLED if throttled else EventKind.SIGN_IN_FAILED
        if not throttled or self._throttle.admit_record():
            self._count(kind, account_id, "second step")

    def password_not_repeated(self, account_id: str, *, throttled: bool) -> None:
        """Record that who is signed in could not give the present password again."""
        kind = EventKind.SIGN_IN_THROTTLED if throttled else EventKind.SIGN_IN_FAILED
        if not throttled or self._throttle.admit_record():
            self._count(kind, account_id, "password change", Who.PERSON)

    def count(self, kind: EventKind, account_ids: Sequence[str]) -> None:
        """Record what a stranger asked for, of each of these accounts, or of nobody's."""
        if self._throttle.admit_record():
            for account_id in account_ids or (None,):
                self._count(kind, account_id)

    def _count(
        self, kind: EventKind, account_id: str | None, detail: str | None = None, who: Who = Who.STRANGER
    ) -> None:
        self._events.count(SecurityEvent(kind=kind, who=who, account_id=account_id, detail=detail))
