"""A person's other address is theirs once they followed the link that was mailed there."""

from sqlalchemy.orm import Session

from auth_service.models.account import Account
from auth_service.models.one_time_link import LIFETIMES, LinkPurpose
from auth_service.models.queued_mail import MailKind
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.accounts import set_address
from auth_service.storage.database import Database
from auth_service.storage.mail_queue import MailQueue
from auth_service.storage.notices import Notices
from auth_service.storage.one_time_links import find_link, forget_links, make_link, spend_link

_ONLY = (LinkPurpose.NEW_ADDRESS,)


class EmailChanges:
    """It makes these links, and spends them."""

    def __init__(self, database: Database, mail: MailQueue, notices: Notices) -> None:
        self._database = database
        self._mail = mail
        self._notices = notices

    @property
    def are_possible(self) -> bool:
        """They need a mail server."""
        return self._mail.is_sent

    def request(self, account: Account, email: str) -> None:
        """Mail a link to the address that a signed-in person wants; what was asked for before is over."""
        with self._database.writing() as session:
            forget_links(session, account.id, *_ONLY)
            token = make_link(session, LinkPurpose.NEW_ADDRESS, account, email=email)
            particulars = {"username": account.username, "token": token}
            lifetime = LIFETIMES[LinkPurpose.NEW_ADDRESS]
            self._mail.add(session, MailKind.NEW_ADDRESS, email, particulars, lifetime, account.id)
            session.add(SecurityEvent(kind=EventKind.EMAIL_CHANGE_REQUESTED, account_id=account.id))

    def wanted(self, token: str) -> tuple[str, str] | None:
        """Return whose address a link changes, by name, and to what; None if it can't be used. This spends nothing."""
        with self._database.reading() as session:
            link = find_link(session, token, _ONLY)
            return None if link is None else (_account(session, link.account_id).username, str(link.email))

    def confirm(self, token: str) -> bool:
        """Spend a link: its address is the account's, and the one before is told. False if it can't be used."""
        with self._database.writing() as session:
            link = spend_link(session, token, _ONLY)
            if link is None:
                return False
            account = _account(session, link.account_id)
            set_address(session, account, link.email, verified=True, notices=self._notices)
            return True


def _account(session: Session, account_id: str | None) -> Account:
    return session.get_one(Account, account_id)
