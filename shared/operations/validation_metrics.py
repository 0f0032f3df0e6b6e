"""What `shared.resource_server` observes, as Prometheus metrics: the kit itself knows no Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

_EVENTS = (
    "hit",
    "miss",
    "wait",
    "failure",
    "breaker_opened",
    "unproven",
    "feed_poll",
    "feed_failure",
    "feed_reset",
)


def validation_observer(registry: CollectorRegistry) -> Callable[[str], None]:
    """Return a counter of events for `connect(observe=…)`. How far the feed lags is now minus its last poll."""
    events = Counter("token_validation_events", "What validating tokens took", ["event"], registry=registry)
    polled_at = Gauge(
        "revocation_feed_polled_at_seconds",
        "When the revocation feed was last read to its end, in the process where that is longest ago",
        registry=registry,
        multiprocess_mode="livemin",
    )
    counters = {event: events.labels(event) for event in _EVENTS}

    def observe(event: str) -> None:
        counters[event].inc()
        if event == "feed_poll":
            polled_at.set_to_current_time()

    return observe
