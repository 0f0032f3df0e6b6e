"""Makes Redis agree with SQL about ended and narrowed grants, whatever crashed in between or came back from the dead.

A process may die between the SQL commit and the script; a restarted or failed-over Redis may have forgotten the script.
"""

import logging
import threading
from datetime import timedelta

import redis

from auth_service.models.base import now
from auth_service.protocol.grant_revocation import GrantRevocation
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.redis_connection import RedisClients

_log = logging.getLogger(__name__)


class RevocationReconciler:
    """Repeats recent changes at an interval, and all that still matter when it meets another Redis than before."""

    def __init__(
        self, clients: RedisClients, records: GrantRecordStore, revocation: GrantRevocation, interval: float
    ) -> None:
        self._redis = clients.reads
        self._records = records
        self._revocation = revocation
        self._interval = interval
        self._reconciled_with: str | None = None
        self._lock = threading.Lock()

    def check(self) -> None:
        """For readiness: raise unless every change that SQL records is true in the Redis that answers now."""
        if self._reconciled_with != self._redis_identity():
            self.run_once()

    def run_once(self) -> None:
        """Repeat what has to be repeated."""
        with self._lock:
            identity = self._redis_identity()
            if identity != self._reconciled_with:
                self._revocation.announce(self._records.changed_since(None))
                self._reconciled_with = identity
            elif self._my_turn():
                recent = now() - timedelta(seconds=2 * self._interval)
                self._revocation.announce(self._records.changed_since(recent))

    def run_forever(self, stop: threading.Event) -> None:
        """Until `stop` is set. An outage is logged and outlived."""
        while not stop.wait(self._interval):
            try:
                self.run_once()
            except Exception:
                _log.warning("revocations could not be reconciled", exc_info=True)

    def start(self) -> threading.Event:
        """Run beside the requests of this process; set the returned event to stop."""
        stop = threading.Event()
        threading.Thread(target=self.run_forever, args=(stop,), name="revocation-reconciler", daemon=True).start()
        return stop

    def _my_turn(self) -> bool:
        """One process per interval does the work for all."""
        return bool(self._redis.set("reconciler-turn", "", nx=True, px=int(self._interval * 900)))

    def _redis_identity(self) -> str:
        """Changes when Redis was restarted or another replica took over."""
        try:
            info = self._redis.info("server", "replication")
        except redis.ResponseError:  # the embedded server has no INFO; it forgets everything when it ends
            return "embedded"
        return f"{info['run_id']} {info['master_replid']}"
