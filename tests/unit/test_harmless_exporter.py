"""What of a span leaves the process, whatever an instrumentation wrote into it."""

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from shared.telemetry.harmless_exporter import HarmlessExporter

TOKEN = "mat_" + "A" * 40


def exporting() -> tuple[Tracer, InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(HarmlessExporter(exporter)))
    return provider.get_tracer("test"), exporter


def finished(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_what_is_not_listed_stays_and_tokens_are_cut_out_of_the_rest() -> None:
    tracer, exporter = exporting()
    given = {
        "url.path": f"/api/{TOKEN}",
        "url.query": "code=secret",
        "url.full": "http://x/?code=secret",
        "http.request.header.authorization": (f"Bearer {TOKEN}",),
        "client.address": "192.0.2.1",
        "user_agent.original": "a browser",
        "http.response.status_code": 200,
    }
    tracer.start_span(f"GET /api/{TOKEN}", kind=SpanKind.SERVER, attributes=given).end()
    [(name, span)] = finished(exporter).items()
    assert name == "GET /api/mat_…"
    assert span.attributes == {"url.path": "/api/mat_…", "http.response.status_code": 200}


def test_of_an_error_only_its_kind_is_told() -> None:
    tracer, exporter = exporting()
    with tracer.start_as_current_span("request", kind=SpanKind.SERVER):
        try:
            with tracer.start_as_current_span("INSERT", kind=SpanKind.CLIENT):
                raise LookupError("Key (username)=(mo) already exists")
        except LookupError:
            pass
    span = finished(exporter)["INSERT"]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert (span.attributes, span.events) == ({"error.type": "LookupError"}, ())


def test_an_sql_text_is_told_and_the_arguments_of_a_command_are_not() -> None:
    tracer, exporter = exporting()
    with tracer.start_as_current_span("request", kind=SpanKind.SERVER):
        for name, system in (("SELECT", "postgresql"), ("GET", "redis")):
            attributes = {"db.system.name": system, "db.query.text": f"{name} …"}
            tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes).end()
    spans = finished(exporter)
    assert spans["SELECT"].attributes == {"db.system.name": "postgresql", "db.query.text": "SELECT …"}
    assert spans["GET"].attributes == {"db.system.name": "redis"}
    assert spans["GET"].parent == spans["request"].context


def test_a_question_that_no_request_caused_is_no_trace() -> None:
    tracer, exporter = exporting()
    tracer.start_span("PING", kind=SpanKind.CLIENT).end()
    assert finished(exporter) == {}
