"""Hands messages to the mail server, by SMTP (RFC 5321). It believes nothing of the server's pace."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from auth_service.models.smtp_server import SmtpServer

_SILENCE = 15.0
"""Seconds in which the server has to answer something."""
DEADLINE = 60.0
"""Seconds for a whole message, opening a connection for it included."""


class NotHandedOverError(Exception):
    """The server takes nothing at the moment; the text says why, and names nobody."""


class RefusedMailError(Exception):
    """The server doesn't take this message, and may well take others."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.is_final = code >= 500
        """Without a 5 in front it means: not now (RFC 5321 §4.2.1)."""


class MailConnection:
    """It is opened when the first message is sent, and used for those that follow."""

    def __init__(self, server: SmtpServer, host_name: str, deadline: float = DEADLINE) -> None:
        """`host_name` is what we call ourselves: else the machine's own would be looked up, which may take long."""
        self._server = server
        self._host_name = host_name
        self._deadline = deadline
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
        self._close()

    def send(self, message: EmailMessage, sender: str, to: str) -> None:
        """Hand a message over. Raises NotHandedOverError or RefusedMailError."""
        try:
            with self._in_time() as smtp:
                smtp.send_message(message, sender, [to])
        except smtplib.SMTPRecipientsRefused as refusal:
            self._close()
            raise RefusedMailError(max(code for code, _ in refusal.recipients.values())) from None
        except smtplib.SMTPDataError as refusal:
            self._close()
            raise RefusedMailError(refusal.smtp_code) from None

    def check(self, sender: str) -> None:
        """Connect, sign in and see whether the sender is taken, without a message. Raises NotHandedOverError."""
        with self._in_time() as smtp:
            smtp.ehlo_or_helo_if_needed()
            code, _ = smtp.mail(sender)
            smtp.rset()
        if code >= 400:
            raise NotHandedOverError(f"it doesn't take mail from that sender ({code})")

    @contextmanager
    def _in_time(self) -> Iterator[smtplib.SMTP]:
        """Let the connection be used, and cut it when the deadline is over: the library's time-out is for each read."""
        timer = threading.Timer(self._deadline, self._cut)
        timer.daemon = True
        timer.start()
        try:
            if self._smtp is None:
                self._smtp = self._opened()
            yield self._smtp
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            raise
        except smtplib.SMTPResponseException as refusal:
            self._close()
            raise NotHandedOverError(f"{type(refusal).__name__} {refusal.smtp_code}") from None
        except (smtplib.SMTPException, OSError, ValueError) as failure:  # ValueError: it was cut in mid-sentence
            self._close()
            raise NotHandedOverError(type(failure).__name__) from failure
        finally:
            timer.cancel()

    def _opened(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        place = (server.host, server.port, self._host_name)
        if server.tls == "from the start":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(*place, timeout=_SILENCE, context=context)
        else:
            smtp = smtplib.SMTP(*place, timeout=_SILENCE)
        self._smtp = smtp
        if server.tls == "starttls":
            smtp.starttls(context=context)
        if server.user is not None and server.password is not None:
            smtp.login(server.user, server.password)
        return smtp

    def _cut(self) -> None:
        """Wake whoever waits for the server, from another thread."""
        connected = self._smtp.sock if self._smtp is not None else None
        if connected is not None:
            with suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def _close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()
