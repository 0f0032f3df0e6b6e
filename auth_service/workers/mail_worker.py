"""`flask --app auth_service mail deliver` is the process that hands mail over. Any number of them may run, and die."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from email.headerregistry import Address

from auth_service.models.base import now
from auth_service.storage.mail_queue import Claim, MailQueue
from auth_service.workers.mail_connection import MailConnection, NotHandedOverError, RefusedMailError
from auth_service.workers.mail_message import message
from shared.resource_server.process import seconds
from shared.service.outages import OutageLog
from shared.service.sql_engine import SQL_OUTAGES

_PAUSE = 0.5
"""So many seconds lie between looks at a queue in which nothing is due."""
_PAUSE_AFTER_FAILURE = 5.0
"""So many seconds lie between attempts while the mail server takes nothing."""
_SWEEP_EVERY = 60.0

_log = logging.getLogger(__name__)


class MailWorker:
    """It sends one message after the other: a mail server takes thousands in a minute."""

    def __init__(
        self,
        queue: MailQueue,
        connect: Callable[[], MailConnection],
        issuer: str,
        sender: Address,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._queue = queue
        self._connect = connect
        self._issuer = issuer
        self._sender = sender
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set; what is under way is finished. An outage is logged and outlived."""
        outages, next_sweep = OutageLog("mail can't be sent"), seconds()
        while not stop.is_set():
            try:
                if seconds() >= next_sweep:
                    self._queue.sweep(self._clock())
                    next_sweep = seconds() + _SWEEP_EVERY
                self.send_what_is_due(stop)
                stop.wait(_PAUSE)
            except (NotHandedOverError, *SQL_OUTAGES) as outage:
                outages.add(outage)
                stop.wait(_PAUSE_AFTER_FAILURE)
            except Exception:
                _log.exception("mail can't be sent")
                stop.wait(_PAUSE_AFTER_FAILURE)

    def check(self) -> str | None:
        """Return why the mail server would take nothing; None if it would."""
        try:
            with self._connect() as connection:
                connection.check(self._sender.addr_spec)
        except NotHandedOverError as failure:
            return str(failure)
        return None

    def send_what_is_due(self, stop: threading.Event) -> None:
        """Send all of it. Raises NotHandedOverError, when the message that it met is planned for later."""
        claim = self._queue.claim(self._clock())
        if claim is None:
            return
        with self._connect() as connection:  # which serves for as many as there are
            while claim is not None:
                self._send(connection, claim)
                claim = None if stop.is_set() else self._queue.claim(self._clock())

    def _send(self, connection: MailConnection, claim: Claim) -> None:
        told = {"mail": claim.id, "kind": claim.kind, "account_id": claim.account_id}
        try:
            made = message(claim, self._issuer, self._sender)
            connection.send(made, self._sender.addr_spec, claim.address)
        except NotHandedOverError:
            self._postpone(claim, told)
            raise
        except RefusedMailError as refusal:
            if not refusal.is_final:
                self._postpone(claim, told)
                return
            _log.error("a message is given up: refused", extra={**told, "code": str(refusal)})
        else:
            _log.info("a message was sent", extra=told)
        self._queue.remove(claim)

    def _postpone(self, claim: Claim, told: Mapping[str, object]) -> None:
        if not self._queue.postpone(claim, self._clock()):
            _log.error("a message is given up: the mail server didn't take it in time", extra=told)
