"""Follows the revocation feed for the webhooks: where a grant ends, or loses their scope, they are told so and end.

Unlike the kit's reader, which may forget everything, this one keeps its position in SQL: what happens while no worker
runs is heard later. Where its position was lost, nobody knows who still consents, and nothing is told until apps prove
it.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from fit_service.models.base import from_microseconds
from fit_service.storage.feed_position import FeedPositionStore
from fit_service.storage.webhook_endings import WebhookEndings
from shared.resource_server import CannotValidateError
from shared.resource_server.back_channel import BackChannel
from shared.resource_server.process import seconds
from shared.resource_server.revocation_feed import WAIT, read_feed
from shared.service.outages import one_line
from shared.service.sql_engine import SQL_OUTAGES

_PAUSE = 0.2
"""So many seconds lie between polls that were answered at once."""
_PAUSE_AFTER_FAILURE = 2.0
_NOTE_EVERY = timedelta(minutes=1)
"""A quiet feed's cursor is stored so often, to show that it is followed."""

_log = logging.getLogger(__name__)


class ConsentFollower:
    """Several may run: acting twice on an event changes nothing."""

    def __init__(
        self,
        channel: BackChannel,
        position: FeedPositionStore,
        endings: WebhookEndings,
        scope: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Follow the feed for webhooks that are told something only while their grant allows `scope`."""
        self._channel = channel
        self._position = position
        self._endings = endings
        self._scope = scope
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set. An outage is logged once and outlived."""
        lost = False
        while not stop.is_set():
            began = seconds()
            try:
                more = self.read_once()
            except Exception as error:
                if not lost:
                    unforeseen = None if isinstance(error, (CannotValidateError, *SQL_OUTAGES)) else error
                    _log.warning("ends of consent can't be heard: %s", one_line(error), exc_info=unforeseen)
                lost = True
                stop.wait(_PAUSE_AFTER_FAILURE)
                continue
            if lost:
                _log.info("ends of consent are heard again")
            lost = False
            if not more and seconds() - began < WAIT / 2:
                stop.wait(_PAUSE)

    def read_once(self) -> bool:
        """Poll once, act on it, then remember how far that was. True if there is more to hear at once.

        Raises CannotValidateError or a database's outage; then nothing is remembered, and it is read again.
        """
        position, sent_at = self._position.read(), self._clock()
        cursor, stored_at = position or ("", 0)
        batch = read_feed(self._channel, cursor)
        if batch.reset:
            if cursor:
                _log.error("the position in the revocation feed is lost: apps have to enable their webhooks again")
            self._endings.doubt(cursor, self._clock())
        lost = {grant_id for grant_id, scopes in batch.narrowed.items() if self._scope not in scopes}
        self._endings.end_grants(batch.ended | lost, self._clock())
        if batch.cursor != cursor or sent_at - from_microseconds(stored_at) >= _NOTE_EVERY:
            self._position.advance(cursor, batch.cursor, sent_at)
        return batch.more
