"""Mail waits in SQL: put there in the transaction that causes it, and taken by whichever worker comes first.

A worker takes one message under a lease. If it dies, the lease runs out and another one sends it: a message is sent
at least once, always with the same `Message-ID`.
"""

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from auth_service.models.acting import acting
from auth_service.models.base import now
from auth_service.models.language import LANGUAGES
from auth_service.models.queued_mail import NOBODY, MailKind, QueuedMail
from auth_service.storage.database import Database
from shared.service.key_wrapping import KeyWrapping

MOST_TO_ONE_ADDRESS = 20
"""At most so many messages to one address wait."""
MOST = 10_000
"""At most so many messages wait in all, about 10 MB."""
LEASE = timedelta(minutes=5)
"""It is longer than an attempt takes."""
PAUSES = (10, 30, 120, 600, 1_800, 3_600, 7_200, 14_400)
"""Seconds after the first attempt that failed, the second, and so on; from then on always the last."""
MOST_ATTEMPTS = 20
"""They take longer than two days."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker sends this message."""

    id: int
    lease: str
    kind: MailKind
    address: str
    particulars: Mapping[str, str]
    language: str
    account_id: str | None
    created_at: datetime


class MailQueue:
    """Threads, processes, and machines whose clocks agree within seconds may share it."""

    def __init__(self, database: Database, sealing: KeyWrapping, *, is_sent: bool) -> None:
        """Without a mail server, nothing `is_sent`: then nothing is put here either."""
        self._database = database
        self._sealing = sealing
        self.is_sent = is_sent

    def add(
        self,
        session: Session,
        kind: MailKind,
        address: str,
        particulars: Mapping[str, str],
        lifetime: timedelta,
        account_id: str | None = None,
        language: str | None = None,
    ) -> None:
        """Within a transaction, have something mailed until its lifetime is over.

        It is written in `language`, else in that of the page on which it was asked for.
        Where too much waits already it is left out, and the log says so: no page fails because of mail. Of messages to
        nobody only the newest is kept.
        """
        if not self.is_sent:
            return
        session.execute(delete(QueuedMail).where(QueuedMail.address == NOBODY))
        waiting = select(QueuedMail.id)
        to_them = waiting.where(QueuedMail.address == address).limit(MOST_TO_ONE_ADDRESS)
        if _count(session, to_them) >= MOST_TO_ONE_ADDRESS or _count(session, waiting.limit(MOST)) >= MOST:
            _log.error("too much mail waits: a message is left out", extra={"kind": kind, "account_id": account_id})
            return
        sealed = self._sealing.wrap(json.dumps(dict(particulars)).encode())
        mail = QueuedMail(kind=kind, address=address, sealed=sealed, account_id=account_id, expires_at=now() + lifetime)
        mail.language = language or acting().language or LANGUAGES[0]
        session.add(mail)

    def claim(self, at: datetime) -> Claim | None:
        """Take the message that has been due for longest; None if there is none.

        None also if it can't be decrypted: then it is removed. What a later release wants to have mailed is left to it.
        """
        usable = (QueuedMail.expires_at > at, QueuedMail.address != NOBODY, QueuedMail.kind.in_(MailKind))
        due = select(QueuedMail).where(QueuedMail.due_at <= at, *usable).order_by(QueuedMail.due_at).limit(1)
        with self._database.reading() as session:  # so that waiting takes no writer's place
            if session.scalars(due).first() is None:
                return None
        with self._database.writing() as session:
            mail = session.scalars(due.with_for_update(skip_locked=True)).first()
            if mail is None:
                return None
            opened = self._sealing.unwrap(mail.sealed)
            if opened is None:
                _log.error("a message can't be sent: the key that it is sealed with is not in AUTH_TOKEN_KEYS")
                session.delete(mail)
                return None
            mail.lease, mail.due_at, mail.attempts = secrets.token_hex(8), at + LEASE, mail.attempts + 1
            return Claim(
                mail.id,
                mail.lease,
                MailKind(mail.kind),
                mail.address,
                json.loads(opened),
                mail.language if mail.language in LANGUAGES else LANGUAGES[0],
                mail.account_id,
                mail.created_at,
            )

    def remove(self, claim: Claim) -> None:
        """Note that nobody has to send it any more."""
        with self._database.writing() as session:
            session.execute(delete(QueuedMail).where(QueuedMail.id == claim.id))

    def postpone(self, claim: Claim, at: datetime) -> bool:
        """Plan the next attempt. False if there is none: it would come too late, or there were enough."""
        with self._database.writing() as session:
            mail = session.get(QueuedMail, claim.id, with_for_update=True)
            if mail is None or mail.lease != claim.lease:  # it ran out, and another worker has begun
                return True
            mail.lease = None
            mail.due_at = at + timedelta(seconds=PAUSES[min(mail.attempts, len(PAUSES)) - 1])
            if mail.attempts < MOST_ATTEMPTS and mail.due_at < mail.expires_at:
                return True
            session.delete(mail)
            return False

    def sweep(self, at: datetime) -> None:
        """Remove what is over, which the log says."""
        over = delete(QueuedMail).where(QueuedMail.expires_at <= at, QueuedMail.address != NOBODY)
        with self._database.writing() as session:
            late = session.scalars(over.returning(QueuedMail.kind)).all()
        if late:
            _log.error("messages were not sent in time: %d", len(late), extra={"kinds": sorted(set(late))})

    def figures(self) -> tuple[int, datetime | None]:
        """Return how many messages wait, and since when the oldest does."""
        query = select(func.count(), func.min(QueuedMail.created_at)).where(QueuedMail.address != NOBODY)
        with self._database.reading() as session:
            waiting, oldest = session.execute(query).one()
            return waiting, oldest


def _count(session: Session, rows: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0
