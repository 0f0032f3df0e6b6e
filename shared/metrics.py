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
"""Seconds."""


def install_metrics(app: Flask, token: str | None, registry: CollectorRegistry, *collectors: Collector) -> None:
    """Count every request, and answer `/metrics` for whoever brings the token; without one there is no `/metrics`.

    The registry may hold other metrics of the service. The collectors answer for all workers, whichever is asked.
    """
    if token is None:
        return
    requests = Counter("http_requests", "Requests answered", ["endpoint", "method", "status"], registry=registry)
    seconds = Histogram(
        "http_request_seconds", "From the first line to the answer", ["endpoint"], buckets=_BUCKETS, registry=registry
    )

    @app.before_request
    def begin() -> None:
        g.metrics_began = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "none"  # not the path: strangers could make as many series as they like
        method = request.method if request.method in _METHODS else "other"
        requests.labels(endpoint, method, response.status_code).inc()
        if "metrics_began" in g:
            seconds.labels(endpoint).observe(time.perf_counter() - g.metrics_began)
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {token}".encode()):
            abort(404)
        return Response(generate_latest(_all_workers(registry, collectors)), content_type=CONTENT_TYPE_LATEST)


_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


def _all_workers(own: CollectorRegistry, collectors: Sequence[Collector]) -> CollectorRegistry:
    together = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    else:
        together.register(own)
    for collector in collectors:
        together.register(collector)
    return together
