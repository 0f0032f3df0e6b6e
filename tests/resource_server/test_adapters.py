"""All adapters protect alike: the same requests get the same answers, byte for byte."""

from collections.abc import Iterator

import pytest

from shared.resource_server import connect
from tests.resource_server.adapters import ADAPTERS, RESOURCE, Answer, Get
from tests.support.small_authorization_server import ISSUER, SmallAuthorizationServer, small_authorization_server


@pytest.fixture
def server() -> Iterator[SmallAuthorizationServer]:
    with small_authorization_server(RESOURCE) as running:
        yield running


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS.keys())
def get(request: pytest.FixtureRequest, server: SmallAuthorizationServer) -> Iterator[Get]:
    validator = connect(
        resource=RESOURCE,
        issuer=ISSUER,
        client_id="plans",
        client_secret="a secret",
        auth_url=server.address,
        realm="plans",
        deadline=30.0,
    )
    yield request.param(validator)
    server.let_polls_go()
    validator.close()


def problem(status: int, title: str, detail: str) -> str:
    return f'{{"type": "about:blank", "title": "{title}", "status": {status}, "detail": "{detail}"}}'


def test_a_good_token_gets_through_first_by_introspection_then_from_memory(
    get: Get, server: SmallAuthorizationServer
) -> None:
    token = server.issue("a")
    answers = [get("/plans", authorization=f"Bearer {token}") for _ in range(20)]
    assert answers == [Answer(200, "for sub_1", None, None)] * 20
    assert len(server.introspections) < 20


def test_without_required_scopes_any_good_token_will_do(get: Get, server: SmallAuthorizationServer) -> None:
    token = server.issue("a", scope="other")
    assert get("/any", authorization=f"Bearer {token}").status == 200


def test_a_path_that_needs_no_token_asks_for_none(get: Get, server: SmallAuthorizationServer) -> None:
    assert get("/open", authorization="Bearer nonsense").body == "for all"
    assert server.introspections == []


@pytest.mark.clause("RFC 6750 §3", line=42)
def test_no_token(get: Get) -> None:
    detail = "Send an access token in the Authorization header."
    assert get("/plans") == Answer(401, problem(401, "Unauthorized", detail), 'Bearer realm="plans"', None)


@pytest.mark.clause("RFC 6750 §3.1", line=43)
def test_a_bad_token(get: Get) -> None:
    detail = "The access token is expired, revoked or not valid here."
    challenge = f'Bearer realm="plans", error="invalid_token", error_description="{detail}"'
    assert get("/plans", authorization="Bearer x") == Answer(401, problem(401, "Unauthorized", detail), challenge, None)


@pytest.mark.clause("RFC 6750 §3.1", line=44)
def test_a_missing_scope(get: Get, server: SmallAuthorizationServer) -> None:
    detail = "The access token does not have the scope that this needs."
    challenge = f'Bearer realm="plans", error="insufficient_scope", error_description="{detail}", scope="plans:write"'
    answer = get("/changes", authorization=f"Bearer {server.issue('a')}")
    assert answer == Answer(403, problem(403, "Forbidden", detail), challenge, None)


@pytest.mark.clause("RFC 6750 §2", line=45)
@pytest.mark.parametrize(
    ("path", "authorization"),
    [("/plans?access_token=a", "Bearer a"), ("/plans", "Bearer a b"), ("/plans", "Bearer a,Bearer b")],
)
def test_two_tokens_at_once(get: Get, server: SmallAuthorizationServer, path: str, authorization: str) -> None:
    server.issue("a")
    detail = "Send exactly one access token, in the Authorization header."
    challenge = f'Bearer realm="plans", error="invalid_request", error_description="{detail}"'
    answer = get(path, authorization=authorization)
    assert answer == Answer(400, problem(400, "Bad Request", detail), challenge, None)


def test_an_outage(get: Get, server: SmallAuthorizationServer) -> None:
    server.down = True
    detail = "Access tokens can't be validated at the moment. The token is still good; try again."
    answer = get("/plans", authorization=f"Bearer {server.issue('a')}")
    assert answer == Answer(503, problem(503, "Service Unavailable", detail), None, "1")


def test_one_scope_of_a_choice_is_enough_and_a_refusal_asks_for_the_first(
    get: Get, server: SmallAuthorizationServer
) -> None:
    statuses = {}
    for scope in ("plans:write", "plans:admin", "plans:admin plans:write", "plans:read", ""):
        answer = get("/either", authorization=f"Bearer {server.issue(f'a{len(statuses)}', scope=scope)}")
        statuses[scope] = answer.status
    expected = {"plans:write": 200, "plans:admin": 200, "plans:admin plans:write": 200, "plans:read": 403, "": 403}
    assert statuses == expected
    assert answer.challenge is not None
    assert 'scope="plans:write"' in answer.challenge


def test_an_optional_token_may_be_missing_but_not_bad(get: Get, server: SmallAuthorizationServer) -> None:
    assert (get("/optional").status, get("/optional").body) == (200, "for all")
    assert get("/optional", authorization="Basic YTpi").body == "for all"
    assert get("/optional", authorization=f"Bearer {server.issue('a')}").body == "for sub_1"
    refused = [get("/optional", authorization=sent).status for sent in ("Bearer unknown", "Bearer a, Bearer b")]
    assert refused == [401, 400]
    server.down = True
    assert get("/optional", authorization=f"Bearer {server.issue('b')}").status == 503
