"""A service's spans, by the instrumentations that OpenTelemetry keeps: requests at WSGI's door, and Redis."""

import logging
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flask import Flask
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from shared.operations.log_config import add_to_lines
from shared.operations.request_id import HEADER
from shared.operations.tracing import ROUTE
from shared.telemetry.harmless_exporter import HarmlessExporter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def trace_service(app: Flask, service: str) -> None:
    """Trace each request of an application, as the last that is done to it, and what it asks Redis."""
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http,database"  # names that won't change, which the exporter knows
    os.environ.setdefault("OTEL_SERVICE_NAME", service)
    provider = TracerProvider(resource=Resource.create())
    provider.add_span_processor(BatchSpanProcessor(HarmlessExporter(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    RedisInstrumentor().instrument()
    app.wsgi_app = _TracedRequests(app.wsgi_app)  # type: ignore[method-assign]
    add_to_lines(_ids)
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # it warns of each try to reach a collector that is away


class _TracedRequests:
    """An application of which each request is a span, but for what monitoring asks."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application
        self._traced = OpenTelemetryMiddleware(application, response_hook=_describe)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith("/health/") or path == "/metrics":
            return self._application(environ, start_response)
        answer: Iterable[bytes] = self._traced(environ, start_response)
        return answer


def _describe(span: trace.Span, environ: "WSGIEnvironment", _status: str, headers: Sequence[tuple[str, str]]) -> None:
    """Name the span after the endpoint: strangers choose paths, and a name should not have many values."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    route = environ.get(ROUTE) or getattr(rule, "rule", None)
    span.update_name(f"{environ['REQUEST_METHOD']} {route}" if route else environ["REQUEST_METHOD"])
    if route:
        span.set_attribute("http.route", route)
    span.set_attribute("request_id", dict(headers).get(HEADER, ""))


def _ids() -> dict[str, str]:
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
