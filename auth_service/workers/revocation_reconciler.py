"""The reconciler makes Redis agree with SQL about ended and narrowed grants, whatever crashed or came back in between.

A process may die, or Redis be unreachable, between the SQL commit and the script; a restarted or failed-over Redis may
have forgotten the script. One process of all replicas does the work, under a lease in the Redis that is told.

What else has to be done from time to time is done at the end of its turn: expired records go, and deleted accounts.
"""

import logging
import secrets
import threading
from collections.abc import Iterator
from datetime import datetime

import redis

from auth_service.models.base import now
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.deleted_accounts import DeletedAccountStore
from auth_service.storage.ended_records import EndedRecordStore
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.reconciliation import Reconciliation, Told
from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.redis_node import RedisNode
from shared.resource_server.process import reset_after_fork, seconds
from shared.service.outages import OutageLog, one_line
from shared.service.sql_engine import SQL_OUTAGES

_LEASE = 3.0
"""After so many seconds another process goes on with the work of one that was stopped or died in it."""
_RETRY = 0.1
"""So many seconds lie between looks whether another process has told a Redis that somebody waits for."""
_PAUSE_AFTER_OUTAGE = 0.5

_log = logging.getLogger(__name__)


class RevocationReconciler:
    """It repeats what changed since Redis was told last, at an interval, and at once to a Redis that was not told yet.

    How far to look back is said by the data that this Redis has (`reconciliation.py`). Where they say nothing,
    everything is repeated that still matters.
    """

    def __init__(
        self,
        clients: RedisClients,
        ended: EndedRecordStore,
        revocation: GrantRevocation,
        deleted: DeletedAccountStore,
        shards: int,
        interval: float,
    ) -> None:
        self._nodes = clients.nodes
        self._ended = ended
        self._revocation = revocation
        self._deleted = deleted
        self._keys = GrantKeys(shards)
        self._interval = interval
        self.reset()
        reset_after_fork(self)
        clients.untold.hear = self._hurry

    def reset(self) -> None:
        """A process has threads and a name of its own."""
        self._name = secrets.token_urlsafe(12)
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._threads: dict[RedisNode, threading.Thread] = {}
        self._wanted: dict[RedisNode, threading.Event] = {}

    def check(self) -> None:
        """Raise, for readiness, unless every change that SQL records is true in the Redis that answers now.

        Of a cluster's masters, in all that answer, and in one at least.
        """
        since, failures = seconds(), list[redis.RedisError]()
        nodes = self._nodes()
        for node in nodes:
            try:
                node.master.believed(since=since)
            except (redis.ConnectionError, redis.TimeoutError) as failure:
                failures.append(failure)
        if len(failures) == len(nodes):
            raise failures[0] if failures else redis.ConnectionError("no Redis has grants")

    def run_once(self) -> bool:
        """Repeat what has to be repeated. Returns False if some is left to another process, or to the next turn."""
        turns = [self.tell(node) for node in self._nodes()]
        return all(turns)

    def tell(self, node: RedisNode) -> bool:
        """Do the same for one Redis."""
        reconciliation = Reconciliation(node, self._keys.shards)
        master, began, clock = node.master.look(), now(), seconds()
        changes = node.master.changes
        if not reconciliation.hold_lease(master, self._name, _LEASE):
            return False
        last = reconciliation.last_told(master)
        is_known = last is not None and last.master == master
        told = 0
        for portion in self._portions(node, last.before if last else None, is_known=is_known):
            told += portion
            # Who took longer than the lease goes on beside whoever has it now: else neither might ever come to the end.
            reconciliation.hold_lease(master, self._name, _LEASE)
        if node.master.changes != changes:  # some of it may have been told to another
            return False
        reconciliation.mark_told(Told(master, began))
        if node.master.look() != master:
            return False
        reconciliation.hold_lease(master, self._name, 0.9 * self._interval)  # the next turn is soon enough
        if not is_known:
            since = f"since {last.before:%Y-%m-%d %H:%M:%S} UTC" if last else "that still matters"
            took = seconds() - clock
            _log.info("%s %s was told of all %s: %s ends in %.1f s", node.name, master, since, told, took)
        self._ended.remove_expired()
        self._deleted.erase_due()
        return True

    def _portions(self, node: RedisNode, since: datetime | None, *, is_known: bool) -> Iterator[int]:
        """Work through what changed since then and is there; yield the number of changes after each portion."""
        for find in (self._ended.grants, self._ended.narrowed_grants):
            for records in find(since):
                here = [record for record in records if node.has(self._keys.shard(record.id))]
                self._revocation.repeat(here, is_known=is_known)
                yield len(here)
        for tokens in self._ended.access_tokens(since):
            those_here = [token for token in tokens if node.has(self._keys.shard(token.grant_id))]
            self._revocation.repeat_access_tokens(those_here, is_known=is_known)
            yield len(those_here)

    def start(self) -> threading.Event:
        """Run beside the requests of this process; set the returned event to stop."""
        if self._stop.is_set():
            self._stop, self._threads = threading.Event(), {}
        try:
            nodes = self._nodes()
        except redis.RedisError as outage:  # whoever needs one of them says so
            _log.error("revocations could not be reconciled: %s: %s", type(outage).__name__, one_line(outage))
            nodes = []
        for node in nodes:
            self._begin(node)
        return self._stop

    def _begin(self, node: RedisNode) -> None:
        with self._starting:
            thread = self._threads.get(node)
            if thread is None or not thread.is_alive():
                self._wanted[node] = threading.Event()
                self._threads[node] = threading.Thread(
                    target=self._run, args=(node, self._stop), name="revocation-reconciler", daemon=True
                )
                self._threads[node].start()

    def _run(self, node: RedisNode, stop: threading.Event) -> None:
        """Go on until `stop` is set, or the node has no shards any more. An outage is logged and outlived."""
        outages, wanted = OutageLog("revocations could not be reconciled"), self._wanted[node]
        while not stop.is_set():
            wanted.clear()
            try:
                if node not in self._nodes():
                    break
                done = self.tell(node) or node.master.is_told
            except Exception as failure:
                if isinstance(failure, (redis.RedisError, *SQL_OUTAGES)):
                    outages.add(failure)
                else:
                    _log.exception("revocations could not be reconciled")
                stop.wait(_PAUSE_AFTER_OUTAGE)
                done = True  # whoever needs it says so
            if done:
                wanted.wait(self._interval)
            else:
                stop.wait(_RETRY)

    def _hurry(self, node: RedisNode) -> None:
        """A request waits for this Redis to be told."""
        if self._stop.is_set():
            self.start()
        self._begin(node)
        self._wanted[node].set()
