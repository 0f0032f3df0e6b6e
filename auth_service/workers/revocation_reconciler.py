"""Makes Redis agree with SQL about ended and narrowed grants, whatever crashed in between or came back from the dead.

A process may die, or Redis be unreachable, between the SQL commit and the script; a restarted or failed-over Redis may
have forgotten the script. One process of all replicas does the work, under a lease in the Redis that is told.
"""

import logging
import secrets
import threading
from collections.abc import Iterator
from datetime import datetime

import redis

from auth_service.models.base import now
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.ended_records import EndedRecordStore
from auth_service.storage.reconciliation import Reconciliation, Told
from auth_service.storage.redis_connection import RedisClients
from shared.resource_server.process import reset_after_fork, seconds
from shared.service.outages import OutageLog
from shared.service.sql_engine import SQL_OUTAGES

_LEASE = 3.0
"""Seconds after which another process goes on with the work of one that was stopped or died in it."""
_RETRY = 0.1
"""Seconds between looks whether another process has told a Redis that somebody waits for."""
_PAUSE_AFTER_OUTAGE = 0.5

_log = logging.getLogger(__name__)


class RevocationReconciler:
    """Repeats what changed since Redis was told last, at an interval, and at once to a Redis that was not told yet.

    How far to look back is said by the data that this Redis has (`reconciliation.py`). Where they say nothing,
    everything is repeated that still matters.
    """

    def __init__(
        self, clients: RedisClients, ended: EndedRecordStore, revocation: GrantRevocation, interval: float
    ) -> None:
        self._master = clients.master
        self._ended = ended
        self._revocation = revocation
        self._reconciliation = Reconciliation(clients)
        self._interval = interval
        self.reset()
        reset_after_fork(self)
        clients.master.when_not_told = self._hurry

    def reset(self) -> None:
        """A process has a thread and a name of its own."""
        self._name = secrets.token_urlsafe(12)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._wanted = threading.Event()
        self._stop = threading.Event()

    def check(self) -> None:
        """For readiness: raise unless every change that SQL records is true in the Redis that answers now."""
        self._master.believed(since=seconds())

    def run_once(self) -> bool:
        """Repeat what has to be repeated; False if that is left to another process, or to the next turn."""
        master, began, clock = self._master.look(), now(), seconds()
        changes = self._master.changes
        if not self._reconciliation.hold_lease(master, self._name, _LEASE):
            return False
        last = self._reconciliation.last_told(master)
        is_known = last is not None and last.master == master
        told = 0
        for portion in self._portions(last.before if last else None, is_known=is_known):
            told += portion
            # Who took longer than the lease goes on beside whoever has it now: else neither might ever come to the end.
            self._reconciliation.hold_lease(master, self._name, _LEASE)
        if self._master.changes != changes:  # some of it may have been told to another
            return False
        self._reconciliation.mark_told(Told(master, began))
        if self._master.look() != master:
            return False
        self._reconciliation.hold_lease(master, self._name, 0.9 * self._interval)  # the next turn is soon enough
        if not is_known:
            since = f"since {last.before:%Y-%m-%d %H:%M:%S} UTC" if last else "that still matters"
            _log.info("Redis %s was told of all %s: %s ends in %.1f s", master, since, told, seconds() - clock)
        self._ended.remove_expired()
        return True

    def _portions(self, since: datetime | None, *, is_known: bool) -> Iterator[int]:
        """Work through what changed since then; the number of changes after each portion."""
        for find in (self._ended.grants, self._ended.narrowed_grants):
            for records in find(since):
                self._revocation.repeat(records, is_known=is_known)
                yield len(records)
        for tokens in self._ended.access_tokens(since):
            self._revocation.repeat_access_tokens(tokens, is_known=is_known)
            yield len(tokens)

    def run_forever(self, stop: threading.Event) -> None:
        """Until `stop` is set. An outage is logged and outlived."""
        outages = OutageLog("revocations could not be reconciled")
        while not stop.is_set():
            self._wanted.clear()
            try:
                done = self.run_once() or self._master.is_told
            except Exception as failure:
                if isinstance(failure, (redis.RedisError, *SQL_OUTAGES)):
                    outages.add(failure)
                else:
                    _log.exception("revocations could not be reconciled")
                stop.wait(_PAUSE_AFTER_OUTAGE)
                done = True  # whoever needs it says so
            if done:
                self._wanted.wait(self._interval)
            else:
                stop.wait(_RETRY)

    def start(self) -> threading.Event:
        """Run beside the requests of this process; set the returned event to stop."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._stop = threading.Event()
                run = threading.Thread(
                    target=self.run_forever, args=(self._stop,), name="revocation-reconciler", daemon=True
                )
                run.start()
                self._thread = run
            return self._stop

    def _hurry(self) -> None:
        """A request waits for this Redis to be told."""
        self.start()
        self._wanted.set()
