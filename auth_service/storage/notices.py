"""What is told by mail to the person it happened to: the one place that decides which events are."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from auth_service.models.account import Account
from auth_service.models.acting import acting
from auth_service.models.base import now
from auth_service.models.caller import network_of, program_of
from auth_service.models.queued_mail import MailKind
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.mail_queue import MailQueue

MAILED: Mapping[EventKind, MailKind] = {
    EventKind.PASSWORD_CHANGED: MailKind.PASSWORD_CHANGED,
    EventKind.PASSWORD_RESET: MailKind.PASSWORD_CHANGED,
    EventKind.EMAIL_CHANGED: MailKind.EMAIL_CHANGED,
    EventKind.CREDENTIAL_REUSED: MailKind.CREDENTIAL_REUSED,
    EventKind.PASSKEY_ADDED: MailKind.PASSKEY_ADDED,
    EventKind.PASSKEY_REMOVED: MailKind.PASSKEY_REMOVED,
    EventKind.AUTHENTICATOR_ADDED: MailKind.AUTHENTICATOR_ADDED,
    EventKind.AUTHENTICATOR_REMOVED: MailKind.AUTHENTICATOR_REMOVED,
    EventKind.RECOVERY_CODES_MADE: MailKind.RECOVERY_CODES_MADE,
    EventKind.RECOVERY_CODE_USED: MailKind.RECOVERY_CODE_USED,
    EventKind.SECOND_FACTOR_RESET: MailKind.SECOND_FACTOR_RESET,
}
"""An event of such a kind is told with this text."""
LIFETIME = timedelta(days=2)
"""What could not be mailed for so long is no news any more; the person sees it at the next visit."""


class Notices:
    """It tells people, at an address that they confirmed, in the language in which they signed in last.

    Whoever is at the page may be somebody else, and would choose one that they can't read.
    """

    def __init__(self, mail: MailQueue) -> None:
        self._mail = mail

    def record(self, session: Session, event: SecurityEvent, *, to: str | None = None, **more: str) -> None:
        """Within the transaction of what happened, record it and have its person told.

        `to` is the address that they confirmed before, where what happened is that it changed. `more` is what only the
        text of this kind names.
        """
        session.add(event)
        account = session.get(Account, event.account_id)
        if account is None:
            return
        address = to or (account.email if account.email_verified else None)
        if address is None:
            return
        particulars = {
            "username": account.username,
            "who": acting().who,
            "at": now().isoformat(timespec="minutes"),
            "network": network_of(acting().address) or "",
            "program": program_of(acting().user_agent) or "",
            "grant_id": event.grant_id or "",
            **more,
        }
        kind = MAILED[EventKind(event.kind)]
        self._mail.add(session, kind, address, particulars, LIFETIME, account.id, account.language)
