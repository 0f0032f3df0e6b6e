"""What is protected may ask for a stronger or a more recent sign-in than a token has (RFC 9470)."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from shared.resource_server import (
    OPEN,
    InsufficientUserAuthenticationError,
    Needs,
    TokenValidator,
    connect,
    needed_authentication,
    needed_scopes,
)
from shared.resource_server.testing import FakeAuthorizationServer, fake_authorization_server
from tests.resource_server.adapters import ACR, ADAPTERS, MAX_AGE, RESOURCE, Answer, Get

DETAIL = "The person has to sign in again, as acr_values and max_age say."
BODY = f'{{"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "{DETAIL}"}}'
CHALLENGE = (
    f'Bearer realm="{RESOURCE}", error="insufficient_user_authentication", error_description="{DETAIL}", '
    f'acr_values="{" ".join(ACR)}", max_age="{MAX_AGE}"'
)
TOO_LITTLE: dict[str, dict[str, Any]] = {
    "another class": {"acr": "urn:example:password"},
    "no class": {"acr": None},
    "too long ago": {"acr": "phr", "ago": MAX_AGE + 1},
    "nobody knows when": {"acr": "phr", "ago": None},
}


@pytest.fixture
def server() -> Iterator[FakeAuthorizationServer]:
    with fake_authorization_server(RESOURCE) as running:
        yield running


@pytest.fixture
def validator(server: FakeAuthorizationServer) -> Iterator[TokenValidator]:
    validator = connect(**server.connection, deadline=30.0)
    yield validator
    server.let_polls_go()
    validator.close()


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS.keys())
def get(request: pytest.FixtureRequest, validator: TokenValidator) -> Get:
    adapter: Get = request.param(validator)
    return adapter


def issue(server: FakeAuthorizationServer, acr: str | None, ago: int | None = 10, scope: str = "plans:read") -> str:
    auth_time = int(time.time()) - ago if ago is not None else None
    return server.issue(scope, acr=acr, auth_time=auth_time)


@pytest.mark.clause("RFC 9470 §3", line=146)
@pytest.mark.parametrize("sign_in", TOO_LITTLE.values(), ids=TOO_LITTLE.keys())
def test_all_adapters_say_alike_what_sign_in_is_needed(
    get: Get, server: FakeAuthorizationServer, sign_in: dict[str, Any]
) -> None:
    too_little = f"Bearer {issue(server, **sign_in)}"
    for _ in range(2):  # by introspection, and from memory
        assert get("/export", authorization=too_little) == Answer(401, BODY, CHALLENGE, None)
    assert get("/plans", authorization=too_little).status == 200
    assert [get("/export", authorization=f"Bearer {issue(server, acr)}").status for acr in ACR] == [200, 200]


def test_nobody_is_asked_to_sign_in_again_for_what_needs_another_scope(
    get: Get, server: FakeAuthorizationServer
) -> None:
    refused = get("/export", authorization=f"Bearer {issue(server, None, scope='other')}")
    assert (refused.status, str(refused.challenge).partition(" error=")[2].partition(",")[0]) == (
        403,
        '"insufficient_scope"',
    )
    assert str(refused.challenge).endswith(', scope="plans:read"')


def test_however_a_path_is_read_each_reading_has_to_be_met(
    validator: TokenValidator, server: FakeAuthorizationServer
) -> None:
    def rule(_method: str, path: str) -> Needs:
        return {needed_authentication(max_age=MAX_AGE)} if path == "/export" else OPEN

    needs = needed_scopes(rule, "GET", "//x/..//export")
    assert needs is not None
    with pytest.raises(InsufficientUserAuthenticationError):
        validator.validate(f"Bearer {issue(server, 'phr', MAX_AGE + 1)}", *list(needs))


@pytest.mark.parametrize(
    "needs",
    [{"acr": 'a"b'}, {"acr": ["two words"]}, {"acr": ""}, {"max_age": -1}, {}, {"acr": []}, {"acr": (), "max_age": 9}],
)
def test_what_no_challenge_can_say_is_refused_when_the_view_is_made(needs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a class has|a number of seconds|any sign-in would do"):
        needed_authentication(**needs)
