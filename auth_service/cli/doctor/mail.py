"""What may be wrong with mail: whether the server takes it, and whether a worker hands it over."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from auth_service.models.base import now
from auth_service.storage.mail_queue import MailQueue
from shared.operations.doctor import Finding

_SENT_WITHIN = timedelta(minutes=5)


def mail_findings(check: Callable[[], str | None] | None, queue: MailQueue) -> Iterator[Finding]:
    """Whether the mail server can be reached, believes us and takes our sender: `check` says what is wrong.

    It is None without a mail server.
    """
    if check is None:
        return
    if problem := check():
        yield Finding(
            f"the mail server takes nothing: {problem}",
            "Look at AUTH_SMTP_URL, AUTH_MAIL_SENDER and the mail server's log",
        )
    waiting, oldest = queue.figures()
    if oldest is not None and now() - oldest > _SENT_WITHIN:
        yield Finding(
            f"{waiting} messages wait, the oldest for {(now() - oldest).total_seconds() / 60:.0f} minutes",
            "Start `flask --app auth_service mail deliver`; its log may say more",
        )
