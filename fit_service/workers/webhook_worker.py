"""`flask --app fit_service webhooks deliver` is the process that delivers. Any number of them may run, and die."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from fit_service.rules.webhooks.events import message_id
from fit_service.rules.webhooks.outcome import Outcome
from fit_service.storage.webhook_endings import WebhookEndings
from fit_service.storage.webhook_outbox import Claim, Outbox, QueuedEvent
from fit_service.workers.consent_follower import ConsentFollower
from fit_service.workers.webhook_sender import Sender
from shared.resource_server.process import seconds
from shared.service.outages import one_line
from shared.service.sql_engine import SQL_OUTAGES

AT_ONCE = 16
"""One process has at most so many deliveries under way."""
AT_ONCE_TO_ONE_APP = 4
"""At most so many of those are of one app, so that a slow receiver doesn't hold up the others."""
TURN = 30.0
"""A webhook with a long queue lets others go first after so many seconds."""
_PAUSE = 0.2
"""So many seconds lie between looks at an outbox in which nothing is due."""
_SWEEP_EVERY = 60.0
"""So many seconds lie between sweeps."""

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Tell the time for leases and schedules by the machine's clock, which others can compare theirs with."""
    return datetime.now(UTC)


class WebhookWorker:
    """It delivers what is due, moves on what has expired, follows the revocation feed, and erases who is gone."""

    def __init__(
        self,
        outbox: Outbox,
        endings: WebhookEndings,
        sender: Sender,
        follower: ConsentFollower | None,
        erase_deleted_accounts: Callable[[threading.Event], None],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._outbox = outbox
        self._endings = endings
        self._sender = sender
        self._follower = follower
        self._erase_deleted_accounts = erase_deleted_accounts
        self._clock = clock
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set; then finish what is under way."""
        beside = {"deleted-accounts": self._erase_deleted_accounts}
        if self._follower is not None:
            beside["consent-follower"] = self._follower.run
        threads = [threading.Thread(target=run, args=(stop,), name=name, daemon=True) for name, run in beside.items()]
        for thread in threads:
            thread.start()
        self._deliver_until(stop)
        for thread in threads:
            thread.join()

    def _deliver_until(self, stop: threading.Event) -> None:
        next_sweep, lost = seconds(), False
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="delivery") as pool:
            while not stop.is_set():
                try:
                    if seconds() >= next_sweep:
                        self._endings.sweep(self._clock())
                        next_sweep = seconds() + _SWEEP_EVERY
                    begun = self._begin_one(pool, stop)
                except Exception as error:
                    if not lost:
                        unforeseen = None if isinstance(error, SQL_OUTAGES) else error
                        _log.error("webhooks can't be delivered: %s", one_line(error), exc_info=unforeseen)
                    lost, begun = True, False
                else:
                    lost = False
                if not begun:
                    stop.wait(_PAUSE)

    def _begin_one(self, pool: ThreadPoolExecutor, stop: threading.Event) -> bool:
        """Begin a delivery; False if nothing is due, or as many deliveries as may be are under way."""
        with self._lock:
            if self._busy.total() >= AT_ONCE:
                return False
            avoiding = [client_id for client_id, count in self._busy.items() if count >= AT_ONCE_TO_ONE_APP]
        claim = self._outbox.claim(self._clock(), avoiding)
        if claim is None:
            return False
        with self._lock:
            self._busy[claim.client_id] += 1
        pool.submit(self._deliver, claim, stop)
        return True

    def _deliver(self, claim: Claim, stop: threading.Event) -> None:
        """Deliver to one webhook. Whatever goes wrong here, the lease runs out and somebody tries again."""
        try:
            self._deliver_in_turn(claim, stop)
        except Exception:
            _log.exception("delivery to webhook %s interrupted", claim.webhook_id)
        finally:
            with self._lock:
                self._busy[claim.client_id] -= 1

    def _deliver_in_turn(self, claim: Claim, stop: threading.Event) -> None:
        turn_ends = seconds() + TURN
        event: QueuedEvent | None = claim.event
        with self._sender.connection_to(claim.url) as connection:
            while event is not None:
                outcome = connection.send(claim.secret, message_id(claim.webhook_id, event.number), event.payload)
                _say(claim, event, outcome)
                go_on = not stop.is_set() and seconds() < turn_ends
                event = self._outbox.settle(claim, event, outcome, self._clock(), go_on=go_on)


def _say(claim: Claim, event: QueuedEvent, outcome: Outcome) -> None:
    _log.info(
        "webhook event %s",
        "delivered" if outcome.failure is None else "not delivered",
        extra={
            "webhook_id": claim.webhook_id,
            "client_id": claim.client_id,
            "number": event.number,
            "failure": outcome.failure,
        },
    )
