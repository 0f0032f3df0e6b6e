"""With OTEL_TRACES_EXPORTER a trace leads from a call through introspection to the stores; without, nothing is."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

import fit_service
from fit_service.settings import Settings
from shared.operations import tracing
from shared.service.environment import SettingsError
from tests.support.actions import TIMEOUT
from tests.support.gunicorn_process import ROOT, GunicornProcess
from tests.support.gunicorn_stack import RESOURCE, SECRET, GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.servers import free_port
from tests.support.trace_collector import Collector, Span, trace_collector
from tests.unit.test_settings import FIT, REQUIRED

QUERY = "a-word-in-the-query"
MARK = "a-word-in-a-header"


@dataclass(frozen=True)
class Traced:
    """Both services, which send their spans to a collector of this test."""

    collector: Collector
    auth: GunicornStack
    fit: str
    logs: tuple[Path, Path]

    def call(self, path: str, token: str, request_id: str, **headers: str) -> requests.Response:
        return requests.get(
            f"{self.fit}{path}",
            headers={"Authorization": f"Bearer {token}", "X-Request-Id": request_id, "Cookie": MARK, **headers},
            timeout=TIMEOUT,
        )

    def lines(self, request_id: str) -> list[dict[str, Any]]:
        whole = [line for log in self.logs for line in log.read_text().split("\n")[:-1]]
        found = [json.loads(line) for line in whole if line[0] == "{"]
        return [line for line in found if line.get("request_id") == request_id]


@pytest.fixture(scope="module")
def traced(real_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    folder, port = tmp_path_factory.mktemp("traces"), free_port()
    with (
        trace_collector() as collector,
        run_gunicorn_stack(folder, real_redis_url, "-w", "1", AUTH_LOG_LEVEL="INFO", **collector.environment) as auth,
    ):
        settings = {
            "FIT_RESOURCE": RESOURCE,
            "FIT_ISSUER": auth.issuer,
            "FIT_CLIENT_ID": "moogle-fit",
            "FIT_CLIENT_SECRET": SECRET,
            "FIT_DATABASE_URL": f"sqlite:///{folder / 'fit.sqlite'}",
            "FIT_REDIS_URL": real_redis_url,
        }
        fit_service.create_app(Settings.load(settings)).extensions["fit_service"].database.upgrade()
        options, log = ("-c", "fit_service/gunicorn.conf.py", "-w", "1"), folder / "fit.log"
        environment = {**settings, **collector.environment}
        with GunicornProcess.running("fit_service.wsgi:app", port, environment, *options, log=log) as process:
            process.wait_until_ready()
            yield Traced(collector, auth, f"http://localhost:{port}", (log, folder / "auth.log"))


def below(spans: list[Span], parent: Span) -> list[Span]:
    return [span for span in spans if span.parent_id == parent.span_id]


def test_one_trace_leads_from_a_call_through_introspection_to_redis(traced: Traced) -> None:
    token = traced.auth.tokens()["access_token"]
    assert traced.call("/api/body_weight/", token, "request-1").status_code == 200
    eventually(lambda: sum(span.kind == "server" for span in traced.collector.trace_with("request-1")) == 2)
    spans = traced.collector.trace_with("request-1")
    [call] = [span for span in spans if not span.parent_id]
    assert (call.service, call.kind, call.name) == ("fit_service", "server", "GET /api/body_weight/")
    [question] = [span for span in below(spans, call) if span.name == "POST /introspect"]
    assert (question.service, question.kind) == ("fit_service", "client")
    [answer] = below(spans, question)
    assert (answer.service, answer.kind, answer.name) == ("auth_service", "server", "POST /introspect")
    assert answer.attributes["request_id"] == call.attributes["request_id"] == "request-1"
    assert {span.attributes["http.response.status_code"] for span in (call, answer)} == {200}
    stores = [(span.service, span.kind, span.attributes["db.system.name"]) for span in below(spans, answer)]
    assert ("auth_service", "client", "redis") in stores
    assert set(stores) <= {("auth_service", "client", "redis"), ("auth_service", "client", "sqlite")}
    others = [span for span in below(spans, call) if span is not question]
    stores = [(span.service, span.kind, span.attributes["db.system.name"]) for span in others]
    assert set(stores) == {("fit_service", "client", "redis"), ("fit_service", "client", "sqlite")}


def test_each_line_of_a_request_says_where_in_its_trace_it_was_written(traced: Traced) -> None:
    token = traced.auth.tokens()["access_token"]
    traced.call("/api/body_weight/", token, "request-2")
    eventually(lambda: sum(span.kind == "server" for span in traced.collector.trace_with("request-2")) == 2)
    servers = {span.service: span for span in traced.collector.trace_with("request-2") if span.kind == "server"}
    eventually(lambda: len(traced.lines("request-2")) == 2)
    for line in traced.lines("request-2"):
        span = servers[line["service"]]
        assert (line["trace_id"], line["span_id"]) == (span.trace_id, span.span_id)


def test_a_trace_that_began_elsewhere_goes_on(traced: Traced) -> None:
    token, trace_id = traced.auth.tokens()["access_token"], "5" * 32
    traced.call("/api/body_weight/", token, "request-3", traceparent=f"00-{trace_id}-{'6' * 16}-01")
    eventually(lambda: sum(span.kind == "server" for span in traced.collector.trace_with("request-3")) == 2)
    assert {span.trace_id for span in traced.collector.trace_with("request-3")} == {trace_id}


def test_no_span_holds_what_is_secret(traced: Traced) -> None:
    tokens = traced.auth.tokens()
    access, refresh = tokens["access_token"], tokens["refresh_token"]
    traced.call(f"/api/{access}?unknown={QUERY}", access, "request-4")
    traced.call(f"/api/body_weight/?unknown={QUERY}", access, "request-5")
    with traced.auth.connection() as connection:
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        rotated = traced.auth.ask(connection, "/token", form).body
        assert traced.auth.ask(connection, "/token", form).status == 400, "reuse, and so an error in a span"
    eventually(lambda: sum(span.name == "POST /token" for span in traced.collector.spans()) >= 3)
    eventually(lambda: len(traced.collector.trace_with("request-5")) > 3)
    eventually(lambda: traced.collector.trace_with("request-4") != [])
    sent = b"".join(traced.collector.bodies)
    passwords = [base64.b64encode(f"{name}:{SECRET}".encode()).decode() for name in ("moogle-fit", "racer")]
    for secret in (access, refresh, rotated["access_token"], rotated["refresh_token"], SECRET, *passwords):
        assert secret.encode() not in sent
    for token in (access, refresh):
        assert hashlib.sha256(token.encode()).hexdigest().encode() not in sent
    for word in (QUERY, MARK, "grant:", "EVALSHA ?", "127.0.0.1:9/callback", "python-requests"):
        assert word.encode() not in sent, "no query, no header, no argument of a command, nothing of a form"
    for span in traced.collector.spans():
        assert (span.events, span.status[1]) == (0, "")
        assert set(span.attributes) <= {
            *("http.request.method", "http.response.status_code", "http.route", "url.path", "url.scheme", "request_id"),
            *("server.address", "server.port", "network.protocol.version", "error.type"),
            *("db.system.name", "db.operation.name", "db.query.text", "db.namespace"),
        }, span
        assert "?" not in span.attributes.get("url.path", "")
        assert span.attributes.get("db.system.name") != "redis" or "db.query.text" not in span.attributes
    [unknown] = [span for span in traced.collector.trace_with("request-4") if span.kind == "server"]
    assert (unknown.name, unknown.attributes["url.path"]) == ("GET", "/api/mat_…")


def test_what_monitoring_asks_and_workers_do_is_no_trace(traced: Traced) -> None:
    for _ in range(3):
        assert requests.get(f"{traced.fit}/health/ready", timeout=TIMEOUT).status_code == 200
    traced.call("/api/body_weight/", traced.auth.tokens()["access_token"], "request-6")
    eventually(lambda: sum(span.kind == "server" for span in traced.collector.trace_with("request-6")) == 2)
    spans = traced.collector.spans()
    assert [span for span in spans if "health" in str(span.attributes) or "health" in span.name] == []
    assert {span.kind for span in spans if not span.parent_id} == {"server"}


ONE_SERVICE = pytest.mark.parametrize(
    ("service", "settings"),
    [("auth_service", REQUIRED), pytest.param("fit_service", FIT, marks=pytest.mark.torture)],
    ids=["auth_service", "fit_service"],
)
"""Both begin with the same lines."""


@ONE_SERVICE
def test_unless_traces_are_wanted_nothing_for_them_is_imported_or_needed(
    service: str, settings: dict[str, str]
) -> None:
    """Of what is installed, redis-py imports OpenTelemetry's API and its SDK of metrics by itself."""
    program = (
        "import sys; sys.modules.update({name: None for name in sys.argv[1:]});"
        f"from {service} import create_app; create_app();"
        "ours = ('opentelemetry.instrumentation', 'opentelemetry.exporter', 'shared.telemetry');"
        "sys.exit(any(name.startswith(ours) for name in sys.modules))"
    )
    for missing in ((), ("opentelemetry",)):
        done = subprocess.run([sys.executable, "-c", program, *missing], cwd=ROOT, env=settings, check=False)
        assert done.returncode == 0


@ONE_SERVICE
def test_a_service_without_the_packages_says_so_in_one_line(service: str, settings: dict[str, str]) -> None:
    program = f"import sys; sys.modules['opentelemetry'] = None; from {service} import create_app; create_app()"
    environment = {**settings, "OTEL_TRACES_EXPORTER": "otlp"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: OTEL_TRACES_EXPORTER is otlp, but the packages of requirements-telemetry.lock are missing"
    ]


def test_an_exporter_that_is_not_there_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracing.wants_traces({}) is tracing.wants_traces({"OTEL_TRACES_EXPORTER": "none"}) is False
    assert tracing.wants_traces({"OTEL_TRACES_EXPORTER": "otlp"}) is True
    with pytest.raises(SettingsError, match="must be otlp, or none"):
        tracing.wants_traces({"OTEL_TRACES_EXPORTER": "console"})
    monkeypatch.setattr(tracing, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"requirements-telemetry\.lock"):
        tracing.wants_traces({"OTEL_TRACES_EXPORTER": "otlp"})
