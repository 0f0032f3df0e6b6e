#!/usr/bin/env bash
# opentelemetry-instrumentation-wsgi 0.66b2: a WSGI server that closes a response before it asks for its first part, as it may
# when the client has gone (PEP 3333 has it call close() in any case).
# Expected: close() reaches the application's response, and the request's span ends, as without the middleware.
# Seen: neither. What the application wanted to give back is never given back, and the request is in no trace.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
    opentelemetry-instrumentation-wsgi==0.66b2 opentelemetry-sdk==1.45.2
seen=$(env/bin/python - <<'PY'
from wsgiref.util import setup_testing_defaults

from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

closed = []


class Response:
    def __iter__(self):
        yield b"a part"

    def close(self):
        closed.append(True)


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Response()


for reads in (True, False):
    closed.clear()
    exporter, provider, environ = InMemorySpanExporter(), TracerProvider(), {}
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    setup_testing_defaults(environ)
    response = OpenTelemetryMiddleware(application, tracer_provider=provider)(environ, lambda *_: None)
    if reads:
        next(iter(response))
    response.close()
    print("a part was read:" if reads else "no part was read:", f"closed {len(closed)}, spans {len(exporter.get_finished_spans())}")
PY
)
printf '%s\n' "$seen"
[ "$seen" = 'a part was read: closed 1, spans 1
no part was read: closed 0, spans 0' ] || { echo "This has changed." >&2; exit 1; }
