"""What a protected service says to a request that it doesn't let through, byte for byte (RFC 6750 §3)."""

import json
import time
from typing import Any

import pytest

from tests.resource_server.conftest import TOKEN, Service, active
from tests.support.stub_authorization_server import reply

INVALID_TOKEN = (
    'Bearer realm="plans", error="invalid_token", '
    'error_description="The access token is expired, revoked or not valid here."'
)
INVALID_REQUEST = (
    'Bearer realm="plans", error="invalid_request", '
    'error_description="Send exactly one access token, in the Authorization header."'
)


def answers(service: Service, **claims: Any) -> None:
    body = json.dumps(active(**claims)).encode()
    service.authorization_server.behaviour = lambda connection, _: connection.sendall(reply(body=body))


def challenge(answer: Any) -> tuple[int, list[str]]:
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.headers.getlist("WWW-Authenticate")


@pytest.mark.clause("RFC 6750 §3", lines=(42, 48))
@pytest.mark.parametrize("authorization", [None, "", "Basic bW86bW8=", "Bearers x", "DPoP x"])
def test_without_a_bearer_token_the_challenge_has_no_error_code(service: Service, authorization: str | None) -> None:
    answer = service.get(authorization=authorization)
    assert challenge(answer) == (401, ['Bearer realm="plans"'])
    assert service.authorization_server.requests == []


@pytest.mark.clause("RFC 6750 §3.1", line=46)
@pytest.mark.parametrize("credentials", ["", "two tokens", "a,b"])
def test_what_can_be_no_token_is_a_bad_request_that_asks_nobody(service: Service, credentials: str) -> None:
    answer = service.get(authorization=f"Bearer {credentials}")
    assert challenge(answer) == (400, [INVALID_REQUEST])
    assert service.authorization_server.requests == []


@pytest.mark.clause("RFC 6750 §3.1")
@pytest.mark.parametrize("token", ["é", "x" * 2049, "a" + "=" * 30_000, "a\tb", '"quoted"', "=", "a=b"])
def test_a_malformed_token_is_invalid_and_asks_nobody(service: Service, token: str) -> None:
    answer = service.get(authorization=f"Bearer {token}")
    assert challenge(answer) == (401, [INVALID_TOKEN])
    assert service.authorization_server.requests == []


@pytest.mark.clause("RFC 6750 §2", line=45)
def test_a_token_sent_in_two_ways_is_a_bad_request(service: Service) -> None:
    answers(service)
    assert challenge(service.get(f"/plans?access_token={TOKEN}")) == (400, [INVALID_REQUEST])


@pytest.mark.clause("RFC 9700 §4.3.2", line=47)
@pytest.mark.clause("draft-ietf-oauth-v2-1 §10", line=124)
def test_a_token_in_the_address_is_no_token(service: Service) -> None:
    answers(service)
    answer = service.get(f"/plans?access_token={TOKEN}", authorization=None)
    assert challenge(answer) == (401, ['Bearer realm="plans"'])


@pytest.mark.clause("RFC 6750 §3.1")
@pytest.mark.clause("RFC 7662 §4", line=52)
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["https://other.example/"]},
        {"aud": []},
        {"iss": "https://evil.example"},
        {"token_type": "DPoP"},
        {"token_type": "refresh_token"},
    ],
)
def test_an_active_token_that_is_not_good_here_is_invalid(service: Service, claims: dict[str, Any]) -> None:
    answers(service, **claims)
    assert challenge(service.get()) == (401, [INVALID_TOKEN])


def test_one_that_expired_while_it_was_asked_about_is_invalid(service: Service) -> None:
    answers(service, exp=int(time.time()) - 1)
    assert challenge(service.get()) == (401, [INVALID_TOKEN])


@pytest.mark.clause("RFC 6750 §3.1", line=43)
def test_an_inactive_token_is_invalid(service: Service) -> None:
    inactive = reply(body=b'{"active": false}')
    service.authorization_server.behaviour = lambda connection, _: connection.sendall(inactive)
    answer = service.get()
    assert challenge(answer) == (401, [INVALID_TOKEN])
    assert answer.json == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The access token is expired, revoked or not valid here.",
    }


@pytest.mark.clause("RFC 6750 §3.1", lines=(44, 48))
@pytest.mark.parametrize("scope", ["", "plans:read", "plans:readplans:write", "plans:write"])
def test_a_missing_scope_is_forbidden_and_named(service: Service, scope: str) -> None:
    answers(service, scope=scope)
    expected = (
        'Bearer realm="plans", error="insufficient_scope", '
        'error_description="The access token does not have the scope that this needs.", scope="plans:read plans:write"'
    )
    assert challenge(service.get("/changes")) == (403, [expected])


@pytest.mark.clause("RFC 6750 §2.1", line=46)
def test_the_authorization_server_is_asked_with_the_services_own_credentials(service: Service) -> None:
    answers(service, token_type="bearer", aud="https://plans.example/")
    assert service.get(authorization=f"bearer   {TOKEN}").status_code == 200
    (request,) = service.authorization_server.requests
    assert request.startswith(b"POST /introspect HTTP/1.1\r\n")
    assert b"Authorization: Basic cGxhbnM6YSUyMHNlY3JldA==\r\n" in request
    assert request.endswith(f"\r\n\r\ntoken={TOKEN}&token_type_hint=access_token".encode())
