"""What of a span leaves the process. It begins at no: an attribute that isn't listed here stays here.

Instrumentations record what they like, and more with each release: addresses with their query, texts of errors that
quote rows, who the client is. So names are let through, not kept out.
"""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status

from shared.operations.log_config import without_secrets

_HARMLESS = frozenset(
    {
        "db.namespace",
        "db.operation.name",
        "db.query.text",
        "db.system.name",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "network.protocol.version",
        "request_id",
        "server.address",
        "server.port",
        "url.path",
        "url.scheme",
    }
)
"""Names of OpenTelemetry's conventions, and `request_id`, which is that of the log."""


class HarmlessExporter(SpanExporter):
    """Hands the harmless part of spans on."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Called by the SDK, in a thread of its own."""
        harmless = [_harmless(span) for span in spans if not _is_beside_requests(span)]
        return self._exporter.export(harmless) if harmless else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Called at the end of the process."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Called before that."""
        return self._exporter.force_flush(timeout_millis)


def _is_beside_requests(span: ReadableSpan) -> bool:
    """A question to a store that no request caused: workers and health checks ask all the time."""
    return span.parent is None and span.kind is SpanKind.CLIENT


def _harmless(span: ReadableSpan) -> ReadableSpan:
    attributes = {name: without_secrets(value) for name, value in (span.attributes or {}).items() if name in _HARMLESS}
    if attributes.get("db.system.name") == "redis":
        attributes.pop("db.query.text", None)  # an SQL text has placeholders, a command its arguments
    for event in span.events:
        if "exception.type" in (event.attributes or {}):
            attributes.setdefault("error.type", (event.attributes or {})["exception.type"])
    return ReadableSpan(
        name=without_secrets(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
