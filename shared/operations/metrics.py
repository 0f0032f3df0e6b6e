"""`/metrics` for Prometheus: how many requests were answered how, and how long they took. Only with its own token.

Under gunicorn, each worker writes its numbers below PROMETHEUS_MULTIPROC_DIR, and whichever is asked adds them up.
"""

import hmac
import os
import time
from collections.abc import Sequence

from flask import Flask, Response, abort, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.registry import Collector

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
"""The upper bounds of the histogram, which are seconds."""

_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
"""Strangers could make as many series of others as they like."""


class RequestMetrics:
    """Counts answers and their times. It remembers each series: looking one up would take longer than counting."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "http_requests", "Requests answered", ["endpoint", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "http_request_seconds",
            "From the first line to the answer",
            ["endpoint"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, endpoint: str, method: str, status: int, began: float | None) -> None:
        """Count an answer and, if it is known when its request began (by `time.perf_counter()`), its time."""
        if method not in _METHODS:
            method = "other"
        series = self._series.get((endpoint, method, status))
        if series is None:
            series = self._requests.labels(endpoint, method, status), self._seconds.labels(endpoint)
            self._series[endpoint, method, status] = series
        answers, seconds = series
        answers.inc()
        if began is not None:
            seconds.observe(time.perf_counter() - began)


def install_metrics(
    app: Flask, token: str | None, registry: CollectorRegistry, *collectors: Collector
) -> RequestMetrics | None:
    """Count every request, and answer `/metrics` for whoever brings the token; without one there is no `/metrics`.

    The registry may hold other metrics of the service. The collectors answer for all workers, whichever is asked.
    """
    if token is None:
        return None
    counted = RequestMetrics(registry)

    @app.before_request
    def begin() -> None:
        g.metrics_began = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "none"  # not the path: strangers could make as many series as they like
        counted.count(endpoint, request.method, response.status_code, g.get("metrics_began"))
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {token}".encode()):
            abort(404)
        return Response(generate_latest(_all_workers(registry, collectors)), content_type=CONTENT_TYPE_LATEST)

    return counted


def _all_workers(own: CollectorRegistry, collectors: Sequence[Collector]) -> CollectorRegistry:
    together = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    else:
        together.register(own)
    for collector in collectors:
        together.register(collector)
    return together
