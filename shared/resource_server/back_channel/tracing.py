"""Lets what the authorization server does become part of the trace of the request that asks (W3C Trace Context).

The kit doesn't need OpenTelemetry: it uses what a process has loaded.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

_API = "opentelemetry.trace"


@contextmanager
def traced(method: str, path: str, host: str) -> Iterator[dict[str, str]]:
    """Make an exchange a span, if the caller is in one, and yield the header that says so.

    Only `traceparent` is sent: what else a trace carries is as long as whoever called us wants it to be.
    """
    trace = import_module(_API) if _API in sys.modules else None
    if trace is None or not trace.get_current_span().get_span_context().is_valid:
        yield {}
        return
    attributes = {"http.request.method": method, "server.address": host, "url.path": path}
    with trace.get_tracer(__name__).start_as_current_span(
        f"{method} {path}", kind=trace.SpanKind.CLIENT, attributes=attributes, record_exception=False
    ) as span:
        context = span.get_span_context()
        yield {"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"}
