"""Every endpoint for programs stands once, in `auth_service/routes.py`, and what stands there is what it does."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import redis
import requests
from werkzeug.test import run_wsgi_app

from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.routes import routes
from auth_service.web.protocol_app import FORM, MAX_PARAMETERS, ProtocolApp, by_form
from auth_service.web.route import MAX_BODY, Route
from tests.properties.live import basic
from tests.support.actions import TIMEOUT, Actions
from tests.support.addresses import of_nothing
from tests.support.stack import Stack

REQUEST_ID = "one-request.of_an-app"
ODD = ["", "x", "a b", "é🐿", '"', "A" * 300, "&", "=", "mat_", "\r\nX-Injected: yes"]
ENCODED = [quote(text, safe="") for text in ODD] + ["%FF%FE", "%ED%A0%80", "%", "%zz", "%0", "+", "a+b%2B", "a;b=c"]
UNUSUAL: dict[str, list[str | None]] = {
    "REQUEST_METHOD": ["GET", "HEAD", "PUT", "OPTIONS", "NONSENSE"],
    "SCRIPT_NAME": ["/below"],
    "PATH_INFO": ["/", "/introspect/", "/Token", "//token", "/introspe\xc3\xa9", "/token\xff", "/register/\xff", ""],
    "QUERY_STRING": ["token=x", "&", "%", "x=%FF", "x=\xff\xfe", "%00"],
    "HTTP_HOST": ["LOCALHOST", "localhost.", "localhost:", "localhost:99999", "", None, "evil.example"],
    "CONTENT_TYPE": [None, "", f"{FORM}; charset=UTF-8", FORM.upper(), "application/json", f"{FORM};", "\xff"],
    "CONTENT_LENGTH": [None, "", "0", "1", "-1", "+5", " 5", "1e1", "²", "٣", "65537", "9" * 30, "9" * 5_000],
    "HTTP_COOKIE": ["moogle_auth=x", "x"],
    "HTTP_ORIGIN": ["https://evil.example", "null", ""],
    "HTTP_TRANSFER_ENCODING": ["chunked", "identity"],
    "HTTP_ACCEPT": ["text/html", "application/token-introspection+jwt", "x"],
    "HTTP_DPOP": ["x", ""],
    "HTTP_X_REQUEST_ID": ["short", "x" * 65, None],
    "REMOTE_ADDR": [None, ""],
}


def environ(stack: Stack, path: str, body: bytes, **differs: str | None) -> dict[str, Any]:
    """A request as a WSGI server hands it over; None: what this one doesn't have."""
    usual = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": urlsplit(stack.auth).netloc,
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_X_REQUEST_ID": REQUEST_ID,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }
    return {name: value for name, value in {**usual, **differs}.items() if value is not None}


def answered(application: Any, request: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    body, status, headers = run_wsgi_app(application, request)
    return int(status[:3]), dict(headers.items()), b"".join(body).decode()


def credentials(stack: Stack) -> str:
    return basic(stack.fit_credentials.name, stack.fit_credentials.secret)


def test_no_endpoint_for_programs_is_declared_a_second_time(open_stack: Stack) -> None:
    paths = [route.path for route in routes(open_stack.parts)]
    assert len(paths) == len(set(paths))
    assert not set(paths) & {rule.rule for rule in open_stack.auth_app.url_map.iter_rules()}


def test_an_endpoint_that_is_not_for_anybody_lets_nobody_in_without_credentials(stack: Stack) -> None:
    for route, method, url in calls(stack):
        sent = {"data": {"x": "y"}} if method == "POST" else {}
        status = requests.request(method, url, timeout=TIMEOUT, **sent).status_code
        asks_who = method == "POST" and route.path == "/token"  # after it has looked for what is asked
        assert status == (200 if route.called_by == "anybody" else 400 if asks_who else 401), route.path


def test_a_body_above_an_endpoints_limit_is_too_large(open_stack: Stack) -> None:
    for route, method, url in calls(open_stack):
        if method in {"POST", "PUT"} and route.path != "/userinfo":  # which looks at a token first
            for size, refused in ((route.largest_body, False), (route.largest_body + 1, True)):
                body = b"x=".ljust(size, b"x")
                answer = requests.request(method, url, data=body, headers={"Content-Type": FORM}, timeout=TIMEOUT)
                assert (answer.status_code == 413) == refused, (route.path, answer.text)


def test_only_what_may_be_kept_is(stack: Stack) -> None:
    for route, method, url in calls(stack):
        for headers in ({}, {"Origin": "https://app.example"}):
            answer = requests.request(method, url, headers=headers, timeout=TIMEOUT)
            kept = route.kept_for and answer.status_code == 200
            assert answer.headers["Cache-Control"] == (f"public, max-age={route.kept_for}" if kept else "no-store")
            assert (answer.headers.get("Vary") == "Origin") == bool(route.scripts), route.path


def test_head_is_get_without_its_body_and_options_and_405_say_what_there_is(stack: Stack) -> None:
    for route in routes(stack.parts):
        url = stack.auth + of_nothing(route.path)
        for method in ("OPTIONS", "NONSENSE", "PATCH"):
            answer = requests.request(method, url, timeout=TIMEOUT)
            assert answer.status_code == (200 if method == "OPTIONS" else 405)
            assert answer.headers["Allow"].split(", ") == route.methods
        if "GET" in route.verbs:
            whole, head = requests.get(url, timeout=TIMEOUT), requests.head(url, timeout=TIMEOUT)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            assert head.headers["Content-Length"] == whole.headers["Content-Length"]
            said = answered(stack.auth_app, environ(stack, of_nothing(route.path), b"", REQUEST_METHOD="HEAD"))
            assert said[2] == "", "a server may not be the one that leaves it out"


def calls(stack: Stack) -> Iterator[tuple[Route, str, str]]:
    for route in routes(stack.parts):
        for method in route.verbs:
            yield route, method, stack.auth + of_nothing(route.path)


@pytest.mark.parametrize("path", ["/introspect", "/token"])
def test_whatever_is_unusual_is_answered_in_oauths_words(actions: Actions, path: str) -> None:
    stack, app = actions.stack, actions.app("--grant-type", "client_credentials")
    assert app.secret is not None
    right = credentials(stack) if path == "/introspect" else basic(app.client_id, app.secret)
    body = "token=mat_x" if path == "/introspect" else "grant_type=client_credentials"
    everything = [environ(stack, path, body.encode(), **{name: odd}) for name, odds in UNUSUAL.items() for odd in odds]
    fields = [f"{body}&{name}={odd}" for name in ("token", "scope", "resource", "colour", "", "[]") for odd in ENCODED]
    everything += [environ(stack, path, field.encode()) for field in [*fields, body, f"{body}&&", "\xff"]]
    for request in everything:
        request.setdefault("HTTP_AUTHORIZATION", right)
        status, headers, text = answered(stack.auth_app, request)
        assert status < 500, (request, text)
        assert headers["X-Content-Type-Options"] == "nosniff"
        if status >= 400 and request.get("REQUEST_METHOD") != "HEAD" and headers["Content-Type"] == "application/json":
            assert json.loads(text)["error"], request


@pytest.mark.parametrize(
    "body", [b"token=a\0b", b"token=a%00b", b"token=\xff", b"&".join([b"a"] * (MAX_PARAMETERS + 1))]
)
def test_a_form_that_nobody_can_read_is_refused(stack: Stack, body: bytes) -> None:
    status, _, text = answered(stack.auth_app, environ(stack, "/introspect", body))
    assert (status, json.loads(text)["error"]) == (400, "invalid_request")


def test_a_cookie_means_nothing_to_a_program(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack()
    parts = stack.parts

    def load(session_id: str) -> None:
        raise AssertionError(f"asked for {session_id}")

    parts.sessions.load = load  # type: ignore[method-assign,assignment]
    for route, method, url in calls(stack):
        answer = requests.request(method, url, cookies={"moogle_auth": "x" * 43}, timeout=TIMEOUT)
        assert answer.status_code < 500, route.path
        assert "Set-Cookie" not in answer.headers


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header §2.6")
def test_a_script_of_another_origin_gets_the_same_repetition_as_a_program(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    assert app.secret is not None
    body = f"grant_type=refresh_token&refresh_token={granted.refresh}".encode()
    sent = {
        "HTTP_AUTHORIZATION": basic(app.client_id, app.secret),
        "HTTP_IDEMPOTENCY_KEY": "a-key-of-twenty-letters",
    }
    pairs = []
    for origin in (None, "https://app.example"):
        status, _, text = answered(
            actions.stack.auth_app, environ(actions.stack, "/token", body, **sent, HTTP_ORIGIN=origin)
        )
        assert status == 200
        pairs.append(json.loads(text)["refresh_token"])
    assert pairs[0] == pairs[1]


def test_a_request_leaves_one_line_in_the_log_and_is_counted_once(
    start_stack: Callable[..., Stack], capfd: pytest.CaptureFixture[str]
) -> None:
    stack, log = start_stack(metrics_token="the-token-of-our-prometheus"), logging.getLogger("request")
    log.setLevel(logging.INFO)
    capfd.readouterr()
    try:
        for body in (b"token=mat_x", b"nothing=1"):
            answered(stack.auth_app, environ(stack, "/introspect", body, HTTP_AUTHORIZATION=credentials(stack)))
        answered(
            stack.auth_app,
            environ(stack, "/revocations", b"", REQUEST_METHOD="GET", HTTP_AUTHORIZATION=credentials(stack)),
        )
    finally:
        log.setLevel(logging.NOTSET)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["message"] for line in lines] == ["POST /introspect 200", "POST /introspect 400"]
    assert {(line["request_id"], line["network"], line["method"], line["path"]) for line in lines} == {
        (REQUEST_ID, "192.0.2.1", "POST", "/introspect")
    }
    metrics = stack.auth_app.test_client().get(
        "/metrics", base_url=stack.auth, headers={"Authorization": "Bearer the-token-of-our-prometheus"}
    )
    counted = [line for line in metrics.text.splitlines() if 'endpoint="introspection.introspect_token"' in line]
    assert [line for line in counted if line.startswith("http_requests_total")] == [
        'http_requests_total{endpoint="introspection.introspect_token",method="POST",status="200"} 1.0',
        'http_requests_total{endpoint="introspection.introspect_token",method="POST",status="400"} 1.0',
    ]
    assert 'http_request_seconds_count{endpoint="introspection.introspect_token"} 2.0' in counted


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (redis.ConnectionError("down"), 503, "temporarily_unavailable"),
        (LookupError("the innermost secret"), 500, "server_error"),
    ],
)
def test_what_fails_is_tried_once_and_told_as_everywhere(
    stack: Stack, failure: Exception, status: int, code: str
) -> None:
    tries = []

    def fail(request: ProtocolRequest) -> ProtocolResponse:
        tries.append(request)
        raise failure

    road = ProtocolApp(
        [Route("/token", "token", "anybody", {"POST": by_form(fail)})],
        stack.auth_app.wsgi_app,
        issuer="http://localhost",
        host_names=["localhost"],
        metrics=None,
    )
    answer, headers, text = answered(road, environ(stack, "/token", b"grant_type=x", HTTP_ACCEPT="text/html"))
    assert (answer, len(tries), json.loads(text)["error"]) == (status, 1, code)
    assert "innermost" not in text
    assert headers["X-Request-Id"] == REQUEST_ID
    assert (headers.get("Retry-After") == "1") == (status == 503)


def test_the_limit_of_a_body_is_the_same_on_pages(stack: Stack) -> None:
    assert stack.auth_app.config["MAX_CONTENT_LENGTH"] == MAX_BODY
