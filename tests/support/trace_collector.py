"""Receives spans as a collector of OpenTelemetry does, by OTLP over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_KINDS = {1: "internal", 2: "server", 3: "client"}


@dataclass(frozen=True)
class Span:
    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    events: int
    status: tuple[int, str]


@dataclass
class Collector:
    url: str
    bodies: list[bytes] = field(default_factory=list)
    """All that was received, as it was."""

    @property
    def environment(self) -> dict[str, str]:
        """What lets a service send its spans here, soon."""
        return {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    def spans(self) -> list[Span]:
        return [span for body in list(self.bodies) for span in _spans(body)]

    def trace_with(self, request_id: str) -> list[Span]:
        """The trace of the request that had this id, as far as it has come."""
        spans = self.spans()
        traces = {span.trace_id for span in spans if span.attributes.get("request_id") == request_id}
        return [span for span in spans if span.trace_id in traces]


@contextmanager
def trace_collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()


def _spans(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"]
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            yield Span(
                service=service,
                name=span.name,
                kind=_KINDS[span.kind],
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent_id=span.parent_span_id.hex(),
                attributes={each.key: _value(each.value) for each in span.attributes},
                events=len(span.events),
                status=(span.status.code, span.status.message),
            )


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))
