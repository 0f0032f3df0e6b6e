"""A mail server that really is one, and what a person reads who gets the mail."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from auth_service.storage.database import Database
from auth_service.storage.mail_queue import MailQueue
from auth_service.storage.notices import Notices
from shared.service.key_wrapping import KeyWrapping
from tests.support.servers import free_port

SENDER = "Moogle <no-reply@id.example.org>"
SEALING = KeyWrapping([b"the key that seals mail in tests"])


def no_notices(database: Database) -> Notices:
    """For stores of a service without a mail server."""
    return Notices(MailQueue(database, SEALING, is_sent=False))


@dataclass
class MailServer:
    """What arrived at a mail server, and how it refuses."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """Answers to RCPT, by address."""
    password: str | None = None
    """It takes mail only from who gives this one."""

    @property
    def url(self) -> str:
        return f"smtp+plain://127.0.0.1:{self.port}"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients += envelope.rcpt_tos
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password.decode() == self.password
        return AuthResult(success=is_right, handled=False)  # it answers 535 itself

    def to(self, address: str) -> list[str]:
        """The bodies of what came for an address, the last one last."""
        there = zip(self.mails, self.recipients, strict=True)
        return [mail.get_content().replace("\r\n", "\n") for mail, recipient in there if recipient == address]

    def link_for(self, address: str) -> str:
        """The link in the newest message to an address."""
        found = re.search(r"^https?://\S+$", self.to(address)[-1], re.MULTILINE)
        assert found is not None
        return found[0]


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """One that listens on this machine; `options` are those of aiosmtpd."""
    server = MailServer(free_port())
    if "password" in options:
        server.password = options.pop("password")
        options |= {"authenticator": server.authenticate, "auth_required": True}
    controller = Controller(server, port=server.port, **{"hostname": "127.0.0.1", **options})
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def whole(mail: EmailMessage) -> str:
    """What a person reads, and in which language that is said to be."""
    body = mail.get_content().replace("\r\n", "\n")
    return f"{mail['Subject']}\n{mail['Content-Language']}\n\n{body}"


def deliver(parts: Any) -> None:
    """Do what the worker does, once."""
    parts.mail_worker.send_what_is_due(threading.Event())
