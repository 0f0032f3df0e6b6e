"""What `web/lean_forms.py` answers is what the framework would have answered, and it spares the framework the usual."""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from werkzeug.test import run_wsgi_app

from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.web.lean_forms import LeanEndpoint, LeanForms
from tests.support.actions import Actions
from tests.support.stack import Stack
from tests.support.two_ways import ENCODED, NAMES, REQUEST_ID, UNUSUAL, House, Sent, requests_sent


@pytest.fixture
def house(actions: Actions) -> House:
    return House(actions)


def compare(house: House, examples: int) -> None:
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
    @given(sent=requests_sent(house))
    def both_answer_alike(sent: Sent) -> None:
        lean, framework = house.answers(sent)
        assert lean == framework, sent
        assert lean.status < "500", sent

    both_answer_alike()


@pytest.mark.parametrize("path", ["/introspect", "/token"])
def test_one_unusual_thing_is_answered_alike_by_both(house: House, path: str) -> None:
    body, right = f"token={house.access}", house.caller
    if path == "/token":
        body, right = "grant_type=client_credentials", house.client
    usual: dict[str, str | None] = {"HTTP_AUTHORIZATION": right}
    everything = [Sent(path, body.encode(), {**usual, name: odd}) for name, odds in UNUSUAL.items() for odd in odds]
    everything += [Sent(path, body.encode(), {"HTTP_AUTHORIZATION": other}) for other in house.authorizations]
    everything += [Sent(path, f"{body}&{name}={odd}".encode(), usual) for name in NAMES for odd in ENCODED]
    for sent in everything:
        lean, framework = house.answers(sent)
        assert lean == framework, sent
        assert lean.status < "500", sent


def test_several_at_once_are_answered_alike(house: House) -> None:
    compare(house, 200)


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_several_at_once_are_answered_alike_in_thousands_of_requests(house: House) -> None:
    compare(house, 3_000)


def refusing_framework(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    raise AssertionError(f"{environ['PATH_INFO']} reached the framework")


USUAL = [
    ("/introspect", "token=mat_x"),
    ("/introspect", "token=mat_x&token_type_hint=access_token"),
    ("/introspect", "nothing=1"),
    ("/token", "grant_type=client_credentials&scope=body_weight%3Aread"),
    ("/token", "grant_type=refresh_token&refresh_token=mrt_x"),
    ("/token", "grant_type=authorization_code&code=mac_x&redirect_uri=http%3A%2F%2F127.0.0.1&code_verifier=x"),
    ("/token", "grant_type=nonsense"),
]


@pytest.mark.parametrize(("path", "body"), USUAL)
@pytest.mark.parametrize("proven", [True, False], ids=["with credentials", "without"])
def test_a_usual_request_is_answered_or_refused_without_the_framework(
    house: House, monkeypatch: pytest.MonkeyPatch, path: str, body: str, proven: bool
) -> None:
    monkeypatch.setattr(house.lean, "framework", refusing_framework)
    right = house.caller if path == "/introspect" else house.client
    sent = Sent(path, body.encode(), {"HTTP_AUTHORIZATION": right if proven else None})
    assert house.answer(house.lean, sent).status[0] in {"2", "4"}


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header §2.6")
def test_what_one_has_answered_the_other_repeats(house: House) -> None:
    body = f"grant_type=refresh_token&refresh_token={house.spendable}".encode()
    environ = {"HTTP_AUTHORIZATION": house.client, "HTTP_IDEMPOTENCY_KEY": "a-key-of-twenty-letters"}
    sent, pairs = Sent("/token", body, environ), []
    for application in (house.lean, house.lean.framework):
        answered, status, _ = run_wsgi_app(application, sent.environ_for(house.host))
        assert status == "200 OK"
        pairs.append(json.loads(b"".join(answered)))
    assert pairs[0]["refresh_token"] == pairs[1]["refresh_token"]


def test_both_leave_the_same_line_in_the_log_and_count_alike(
    start_stack: Callable[..., Stack], capfd: pytest.CaptureFixture[str]
) -> None:
    stack = start_stack(metrics_token="the-token-of-our-prometheus")
    house, log = House(Actions(stack)), logging.getLogger("request")
    log.setLevel(logging.INFO)
    capfd.readouterr()
    try:
        for body in (f"token={house.access}", "nothing=1"):
            house.answers(Sent("/introspect", body.encode(), {"HTTP_AUTHORIZATION": house.caller}))
    finally:
        log.setLevel(logging.NOTSET)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert {line["request_id"] for line in lines} == {REQUEST_ID}
    for line in lines:
        assert line.pop("milliseconds") >= 0
        del line["time"]
    assert lines[0::2] == lines[1::2]
    assert [line["message"] for line in lines[0::2]] == ["POST /introspect 200", "POST /introspect 400"]
    metrics = stack.auth_app.test_client().get(
        "/metrics", base_url=stack.auth, headers={"Authorization": "Bearer the-token-of-our-prometheus"}
    )
    counted = [line for line in metrics.text.splitlines() if 'endpoint="introspection.introspect_token"' in line]
    assert [line for line in counted if line.startswith("http_requests_total")] == [
        'http_requests_total{endpoint="introspection.introspect_token",method="POST",status="200"} 2.0',
        'http_requests_total{endpoint="introspection.introspect_token",method="POST",status="400"} 2.0',
    ]
    assert 'http_request_seconds_count{endpoint="introspection.introspect_token"} 4.0' in counted


@pytest.mark.parametrize(
    ("failure", "status"), [(redis.ConnectionError("down"), "503"), (ValueError("our mistake"), "500")]
)
def test_a_failure_is_answered_by_the_framework_which_does_not_try_again(
    house: House, failure: Exception, status: str
) -> None:
    tries = []

    def fail(request: ProtocolRequest) -> ProtocolResponse:
        tries.append(request)
        raise failure

    failing = LeanForms(
        house.lean.framework,
        {"/token": LeanEndpoint("token.issue_token", fail)},
        issuer="http://localhost",
        host_names=["localhost"],
        largest_body=1_000,
        metrics=None,
    )
    answer = house.answer(
        failing, Sent("/token", b"grant_type=client_credentials", {"HTTP_AUTHORIZATION": house.client})
    )
    assert (answer.status[:3], len(tries)) == (status, 1)
    assert ("X-Request-Id", REQUEST_ID) in answer.headers
    assert (("Retry-After", "1") in answer.headers) == (status == "503")
