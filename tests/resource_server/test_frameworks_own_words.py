"""What FastAPI and Django REST Framework answer in forms of their own, and that scripts of other origins can read
refusals.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from django.test import RequestFactory
from fastapi import Depends, FastAPI, Security
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.resource_server import ActiveToken, TokenValidator, any_of, asgi_middleware, connect, needed_authentication
from shared.resource_server.fastapi_security import TokenSecurity
from shared.resource_server.testing import FakeAuthorizationServer, fake_authorization_server
from tests.resource_server.adapters import Answer, call_asgi
from tests.support.django_project import small_project

RESOURCE = "https://journal.example/"
ORIGIN = "https://page.example"
SIGN_IN_AGAIN = "The person has to sign in again, as acr_values and max_age say."


@pytest.fixture
def server() -> Iterator[FakeAuthorizationServer]:
    with fake_authorization_server(RESOURCE) as running:
        yield running


@pytest.fixture
def validator(server: FakeAuthorizationServer) -> Iterator[TokenValidator]:
    validator = connect(**server.connection, realm="journal", deadline=30.0)
    yield validator
    server.let_polls_go()
    validator.close()


def fastapi(validator: TokenValidator) -> FastAPI:
    app = FastAPI()
    token = TokenSecurity(validator, scopes={"journal:read": "See your journal", "journal:write": "Write it"})

    @app.get("/journal")
    async def journal(reader: Annotated[ActiveToken, Security(token, scopes=["journal:read"])]) -> str:
        return reader.subject

    @app.post("/journal")
    def write(writer: Annotated[ActiveToken, Security(token, scopes=["journal:read", "journal:write"])]) -> str:
        return writer.subject

    stronger = Security(token.signed_in(acr="phr", max_age=300), scopes=["journal:read"])

    @app.get("/export")
    async def export(reader: Annotated[ActiveToken, stronger]) -> str:
        return reader.subject

    @app.get("/me")
    async def me(anybody: Annotated[ActiveToken, Depends(token)]) -> str:
        return anybody.subject

    return app


def asked(app: Any, method: str, path: str, token: str | None = None, **more: str) -> tuple[Answer, dict[str, str]]:
    """The answer, and its headers."""
    headers: dict[str, str] = {}

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            headers.update({name.decode().lower(): value.decode() for name, value in message.get("headers", ())})
            await send(message)

        await app(scope, receive, note)

    sent = [(name.replace("_", "-"), value) for name, value in more.items()]
    sent += [("Authorization", f"Bearer {token}")] if token else []
    return asyncio.run(call_asgi(noting, path, sent, method)), headers


def test_fastapi_routes_demand_their_scopes_and_the_document_shows_them(
    server: FakeAuthorizationServer, validator: TokenValidator
) -> None:
    app, reader = fastapi(validator), server.issue("journal:read")
    assert asked(app, "GET", "/journal", reader)[0].status == 200
    assert asked(app, "GET", "/me", server.issue())[0].status == 200
    refused = asked(app, "POST", "/journal", reader)[0]
    assert (refused.status, refused.body) == (
        403,
        '{"detail":"The access token does not have the scope that this needs."}',
    )
    assert refused.challenge is not None
    assert 'error="insufficient_scope"' in refused.challenge
    assert 'scope="journal:read journal:write"' in refused.challenge
    nobody = asked(app, "GET", "/me")[0]
    assert (nobody.status, nobody.challenge) == (401, 'Bearer realm="journal"')
    server.down = True
    outage = asked(app, "GET", "/me", server.issue())[0]
    assert (outage.status, outage.challenge, outage.retry_after) == (503, None, "1")
    document = app.openapi()
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    assert flow["scopes"] == {"journal:read": "See your journal", "journal:write": "Write it"}
    assert flow["tokenUrl"] == f"{server.issuer}/token"
    shown = [document["paths"]["/journal"][method]["security"] for method in ("get", "post")]
    assert shown == [[{"oauth2": ["journal:read"]}], [{"oauth2": ["journal:read", "journal:write"]}]]
    assert document["paths"]["/export"]["get"]["security"] == shown[0]


STRONGER = (
    'Bearer realm="journal", error="insufficient_user_authentication", '
    f'error_description="{SIGN_IN_AGAIN}", acr_values="phr", max_age="300"'
)


@pytest.mark.clause("RFC 9470 §3", line=146)
def test_fastapi_routes_say_what_sign_in_is_needed(server: FakeAuthorizationServer, validator: TokenValidator) -> None:
    app, now = fastapi(validator), int(time.time())
    old, other = server.issue("journal:read", acr="phr", auth_time=now - 301), server.issue("other")
    for _ in range(2):  # by introspection, and from memory
        answer = asked(app, "GET", "/export", old)[0]
        assert answer == Answer(401, json.dumps({"detail": SIGN_IN_AGAIN}, separators=(",", ":")), STRONGER, None)
    fresh = server.issue("journal:read", acr="phr", auth_time=now)
    answers = [("/journal", old, 200), ("/export", other, 403), ("/export", fresh, 200)]
    for path, token, status in answers:
        assert asked(app, "GET", path, token)[0].status == status


def rest_framework(validator: TokenValidator, required: Any) -> Any:
    small_project()
    from rest_framework.renderers import JSONRenderer
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from shared.resource_server.rest_framework_authentication import HasScopes, TokenAuthentication

    class JournalToken(TokenAuthentication):
        pass

    JournalToken.validator = validator

    class Journal(APIView):
        authentication_classes = (JournalToken,)
        permission_classes = (HasScopes,)
        renderer_classes = (JSONRenderer,)
        required_scopes = required

        def get(self, request: Request) -> Response:
            return Response([request.user.pk, request.auth.client_id, request.user.is_authenticated])

        put = delete = get

    view = Journal.as_view()
    return lambda method, token=None: view(
        getattr(RequestFactory(), method)("/journal", headers={"Authorization": f"Bearer {token}"} if token else {})
    ).render()


def test_rest_framework_begins_from_no(server: FakeAuthorizationServer, validator: TokenValidator) -> None:
    either = any_of("journal:write", "journal:admin")
    call = rest_framework(validator, {"GET": ["journal:read"], "PUT": ["journal:read", either]})
    reader, writer = server.issue("journal:read"), server.issue("journal:read", "journal:admin")
    assert call("get", reader).data == ["somebody", "some-app", True]
    assert [call("head", reader).status_code, call("put", writer).status_code] == [200, 200]
    assert [call(method, writer).status_code for method in ("delete", "options")] == [403, 403]
    refused, nobody, unknown = call("put", reader), call("get"), call("get", "unknown")
    assert (refused.status_code, 'scope="journal:read journal:write"' in refused["WWW-Authenticate"]) == (403, True)
    assert (nobody.status_code, nobody["WWW-Authenticate"]) == (401, 'Bearer realm="journal"')
    assert (unknown.status_code, 'error="invalid_token"' in unknown["WWW-Authenticate"]) == (401, True)
    with pytest.raises(TypeError, match="journal:read"):
        rest_framework(validator, {"GET": "journal:read"})("get", reader)
    with pytest.raises(TypeError, match="map"):  # of which the second request would find nothing
        rest_framework(validator, {"GET": map(str, ["journal:read"])})("get", reader)
    server.down = True
    outage = call("get", server.issue("journal:read"))
    assert (outage.status_code, outage["Retry-After"], "WWW-Authenticate" in outage) == (503, "1", False)


@pytest.mark.clause("RFC 9470 §3", line=146)
def test_rest_framework_says_what_sign_in_is_needed(server: FakeAuthorizationServer, validator: TokenValidator) -> None:
    stronger, now = needed_authentication(acr="phr", max_age=300), int(time.time())
    call = rest_framework(validator, {"GET": ["journal:read", stronger], "PUT": ["journal:read"]})
    old, other = server.issue("journal:read", acr="phr", auth_time=now - 301), server.issue("other")
    refused = call("get", old)
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, STRONGER)
    assert refused.data == {"detail": SIGN_IN_AGAIN}
    fresh = server.issue("journal:read", acr="phr", auth_time=now)
    assert [call("put", old).status_code, call("get", other).status_code, call("get", fresh).status_code] == [
        200,
        403,
        200,
    ]
    with pytest.raises(TypeError, match="300"):
        rest_framework(validator, {"GET": stronger})("get", fresh)


@pytest.mark.parametrize("framework", ["Starlette", "FastAPI"])
def test_scripts_of_other_origins_can_ask_and_read_refusals(
    server: FakeAuthorizationServer, validator: TokenValidator, framework: str
) -> None:
    cors = {"allow_origins": [ORIGIN], "allow_headers": ["Authorization"], "allow_methods": ["GET"]}
    app: Any
    if framework == "Starlette":
        routes = [Route("/journal", lambda _: PlainTextResponse("read"))]
        protected = asgi_middleware.TokenMiddleware(Starlette(routes=routes), validator, lambda *_: {"journal:read"})
        app = CORSMiddleware(protected, **cors)
    else:
        app = fastapi(validator)
        app.add_middleware(CORSMiddleware, **cors)
    wish = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "authorization"}
    preflight, headers = asked(app, "OPTIONS", "/journal", Origin=ORIGIN, **wish)
    assert (preflight.status, headers["access-control-allow-origin"]) == (200, ORIGIN)
    for token, status in ((None, 401), (server.issue(), 403), (server.issue("journal:read"), 200)):
        answer, headers = asked(app, "GET", "/journal", token, Origin=ORIGIN)
        assert (answer.status, headers["access-control-allow-origin"]) == (status, ORIGIN)
        if status != 200:
            assert {"WWW-Authenticate", "Retry-After"} <= set(headers["access-control-expose-headers"].split(", "))
