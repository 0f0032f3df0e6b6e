"""A view may ask for a stronger or a more recent sign-in than a token has (RFC 9470)."""

import time
from collections.abc import Iterator

import pytest
from flask import Flask
from quart import Quart

from shared.resource_server import ActiveToken, connect, needed_authentication
from shared.resource_server.quart_protector import ResourceProtector as QuartProtector
from shared.resource_server.resource_protector import ResourceProtector
from shared.resource_server.testing import FakeAuthorizationServer, fake_authorization_server

MULTI_FACTOR = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
NEEDS = {"acr": (MULTI_FACTOR, "phr"), "max_age": 300}
CHALLENGE = (
    'Bearer realm="https://plans.example/", error="insufficient_user_authentication", '
    'error_description="The person has to sign in again, as acr_values and max_age say.", '
    f'acr_values="{MULTI_FACTOR} phr", max_age="300"'
)


@pytest.fixture
def server() -> Iterator[FakeAuthorizationServer]:
    with fake_authorization_server("https://plans.example/") as running:
        yield running


TOO_LITTLE = {
    "another class": {"acr": "urn:example:password"},
    "no class": {"acr": None},
    "too long ago": {"acr": "phr", "ago": 301},
    "nobody knows when": {"acr": "phr", "ago": None},
}


def issue(server: FakeAuthorizationServer, acr: str | None, ago: int | None = 10) -> str:
    auth_time = int(time.time()) - ago if ago is not None else None
    return server.issue("plans:pay", acr=acr, auth_time=auth_time)


@pytest.mark.clause("RFC 9470 §3", line=146)
@pytest.mark.parametrize("sign_in", TOO_LITTLE.values(), ids=TOO_LITTLE)
def test_flask_says_what_sign_in_is_needed(server: FakeAuthorizationServer, sign_in: dict[str, object]) -> None:
    app = Flask(__name__)
    validator = connect(**server.connection)
    require_token = ResourceProtector(validator)

    @app.get("/pay")
    @require_token("plans:pay", **NEEDS)  # type: ignore[arg-type]
    def pay(token: ActiveToken) -> str:
        return token.subject

    def call(token: str) -> tuple[int, str | None]:
        answer = app.test_client().get("/pay", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.headers.get("WWW-Authenticate")

    for _ in range(2):  # asked for, and remembered
        assert call(issue(server, **sign_in)) == (401, CHALLENGE)  # type: ignore[arg-type]
        assert call(issue(server, "phr")) == (200, None)
    without_scope = server.issue("plans:read", acr="phr", auth_time=int(time.time()))
    assert call(without_scope)[0] == 403
    validator.close()


async def _call_quart(app: Quart, token: str) -> tuple[int, str | None]:
    answer = await app.test_client().get("/pay", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.headers.get("WWW-Authenticate")


@pytest.mark.clause("RFC 9470 §3", line=146)
def test_quart_says_the_same(server: FakeAuthorizationServer) -> None:
    import asyncio

    app = Quart(__name__)
    validator = connect(**server.connection)

    @app.get("/pay")
    @QuartProtector(validator)("plans:pay", **NEEDS)  # type: ignore[arg-type]
    async def pay(token: ActiveToken) -> str:
        return token.subject

    async def calls() -> list[tuple[int, str | None]]:
        return [await _call_quart(app, issue(server, acr)) for acr in (None, MULTI_FACTOR)]

    assert asyncio.run(calls()) == [(401, CHALLENGE), (200, None)]
    validator.close()


@pytest.mark.parametrize("needs", [{"acr": 'a"b'}, {"acr": ["two words"]}, {"acr": ""}, {"max_age": -1}])
def test_what_no_challenge_can_say_is_refused_when_the_view_is_made(needs: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"a class has|a number of seconds"):
        needed_authentication(**needs)  # type: ignore[arg-type]
