"""Shows the outbox to Prometheus. Its numbers are read from SQL when asked for: workers have no `/metrics`."""

import logging
from collections.abc import Callable, Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fit_service.storage.feed_position import FeedPositionStore
from fit_service.storage.webhook_outbox import Outbox
from shared.service.sql_engine import SQL_OUTAGES

_log = logging.getLogger(__name__)


class WebhookCollector(Collector):
    """It shows the figures of all workers together."""

    def __init__(self, outbox: Outbox, position: FeedPositionStore, clock: Callable[[], float]) -> None:
        self._outbox = outbox
        self._position = position
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics, or nothing while the database can't be asked."""
        try:
            figures, position = self._outbox.figures(), self._position.read()
        except SQL_OUTAGES as outage:
            _log.warning("no webhook metrics: %s", type(outage).__name__)
            return
        attempts = CounterMetricFamily("webhook_attempts", "Attempts to deliver an event", labels=["outcome"])
        for outcome in ("delivered", "failed"):
            attempts.add_metric([outcome], figures.attempts.get(outcome, 0))
        yield attempts
        yield GaugeMetricFamily("webhook_events_waiting", "Events that were not delivered yet", figures.waiting)
        age = self._clock() - figures.oldest_at.timestamp() if figures.oldest_at else 0.0
        yield GaugeMetricFamily("webhook_oldest_event_seconds", "How long the oldest of them waits", max(age, 0.0))
        webhooks = GaugeMetricFamily("webhooks", "Registered webhooks", labels=["status"])
        for status, count in figures.webhooks.items():
            webhooks.add_metric([status], count)
        yield webhooks
        if position is not None:
            read_at = position[1] / 1_000_000
            yield GaugeMetricFamily(
                "webhook_consents_read_at_seconds", "When a worker last read the revocation feed, to a minute", read_at
            )
