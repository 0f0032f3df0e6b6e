"""A request has one proof, however many demands are made of its token: by a middleware, by routers and by routes."""

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from fastapi import APIRouter, Depends, FastAPI, Security
from flask import Flask
from quart import Quart
from werkzeug.test import Client

from shared.resource_server import ActiveToken, TokenValidator
from shared.resource_server.access_rules import Needs
from shared.resource_server.asgi_middleware import AsgiApplication, TokenMiddleware
from shared.resource_server.django_middleware import TokenMiddleware as DjangoMiddleware
from shared.resource_server.dpop import Dpop
from shared.resource_server.fastapi_security import TokenSecurity
from shared.resource_server.quart_protector import ResourceProtector
from shared.resource_server.resource_protector import ResourceProtector as FlaskProtector
from shared.resource_server.wsgi_middleware import TokenMiddleware as WsgiMiddleware
from tests.resource_server.adapters import call_asgi
from tests.resource_server.dpop.bound_tokens import ADDRESS, KEY, OTHER_KEY, bound, validator_of
from tests.support.django_project import small_project
from tests.support.small_authorization_server import SmallAuthorizationServer


def test_a_router_and_its_route_may_both_demand_something_of_a_bound_token(
    server: SmallAuthorizationServer, dpop: Dpop
) -> None:
    """Each proof is still good for one request, and for one token."""
    validator, now = validator_of(server, dpop), int(time.time())
    token, old = (bound(server, name, acr="phr", auth_time=at) for name, at in (("new", now), ("old", now - 301)))
    security = TokenSecurity(validator, scopes={"plans:read": "See plans"})
    router = APIRouter(dependencies=[Security(security, scopes=["plans:read"])])

    @router.get("/plans")
    async def plans(token: Annotated[ActiveToken, Depends(security.signed_in(max_age=300))]) -> str:
        return token.subject

    app = FastAPI()
    app.include_router(router)

    def status(token: str, proof: str) -> int:
        sent = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
        return asyncio.run(call_asgi(app, "/plans", sent)).status

    proofs = {each: KEY.proof("GET", f"{ADDRESS}/plans", token=each) for each in (token, old)}
    others = OTHER_KEY.proof("GET", f"{ADDRESS}/plans", token=token)
    for _ in range(2):  # by introspection, and from memory
        assert status(token, KEY.proof("GET", f"{ADDRESS}/plans", token=token)) == 200
    assert [status(token, proof) for proof in (proofs[token], proofs[token], others)] == [200, 401, 401]
    assert [status(old, proof) for proof in (proofs[old], proofs[token])] == [401, 401]
    server.let_polls_go()
    validator.close()


def by_fastapi(validator: TokenValidator) -> AsgiApplication:
    app, security = FastAPI(), TokenSecurity(validator, scopes={"plans:read": "See plans"})

    @app.get("/plans")
    async def plans(token: Annotated[ActiveToken, Security(security, scopes=["plans:read"])]) -> str:
        return token.subject

    return app


def by_quart(validator: TokenValidator) -> AsgiApplication:
    app, needs = Quart(__name__), ResourceProtector(validator)

    @app.get("/plans")
    @needs()
    @needs("plans:read")
    async def plans(token: ActiveToken, _outer: ActiveToken) -> str:
        return token.subject

    return app


def by_another_middleware(validator: TokenValidator) -> AsgiApplication:
    return TokenMiddleware(by_fastapi(validator), validator, lambda _method, _path: ["plans:read"])


@pytest.mark.parametrize("application", [by_fastapi, by_quart, by_another_middleware])
def test_a_middleware_and_what_stands_behind_it_may_both_demand_something_of_a_bound_token(
    server: SmallAuthorizationServer, dpop: Dpop, application: Callable[[TokenValidator], AsgiApplication]
) -> None:
    validator = validator_of(server, dpop)
    app = TokenMiddleware(application(validator), validator)
    token = bound(server, "token")

    def status(proof: str) -> int:
        sent = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
        return asyncio.run(call_asgi(app, "/plans", sent)).status

    proofs = [KEY.proof("GET", f"{ADDRESS}/plans", token=token) for _ in range(2)]
    assert [status(proof) for proof in (*proofs, *proofs)] == [200, 200, 401, 401]
    server.let_polls_go()
    validator.close()


def wsgi_in_front_of_flask(validator: TokenValidator) -> Callable[[dict[str, str]], int]:
    app, needs = Flask(__name__), FlaskProtector(validator)

    @app.get("/plans")
    @needs("plans:read", fresh=True)
    def plans(token: ActiveToken) -> str:
        return token.subject

    client = Client(WsgiMiddleware(app, validator))
    return lambda headers: client.get("/plans", headers=headers).status_code


def django_in_front_of_rest_framework(validator: TokenValidator) -> Callable[[dict[str, str]], int]:
    middleware, view = _of_django(validator)
    return lambda headers: int(middleware(view)(RequestFactory().get("/plans", headers=headers)).status_code)


def django_in_front_of_itself_in_a_loop(validator: TokenValidator) -> Callable[[dict[str, str]], int]:
    middleware, _ = _of_django(validator)

    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.token.subject)

    async def status(headers: dict[str, str]) -> int:
        return int((await middleware(middleware(view))(RequestFactory().get("/plans", headers=headers))).status_code)

    return lambda headers: asyncio.run(status(headers))


def _of_django(validator: TokenValidator) -> tuple[Any, Any]:
    small_project()
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from shared.resource_server.rest_framework_authentication import HasScopes, TokenAuthentication

    class Authentication(TokenAuthentication):
        pass

    class Plans(APIView):
        authentication_classes = (Authentication,)
        permission_classes = (HasScopes,)
        required_scopes: ClassVar = {"GET": ["plans:read"]}

        def get(self, request: Any) -> Any:
            return Response(request.auth.subject)

    class Middleware(DjangoMiddleware):
        def required_scopes(self, method: str, path: str) -> Needs:
            return ()

    Authentication.validator = Middleware.validator = validator
    return Middleware, Plans.as_view()


@pytest.mark.parametrize(
    "application",
    [wsgi_in_front_of_flask, django_in_front_of_rest_framework, django_in_front_of_itself_in_a_loop],
)
def test_so_may_they_without_asgi(
    server: SmallAuthorizationServer,
    dpop: Dpop,
    application: Callable[[TokenValidator], Callable[[dict[str, str]], int]],
) -> None:
    validator = validator_of(server, dpop)
    status, token = application(validator), bound(server, "token")
    proofs = [KEY.proof("GET", f"{ADDRESS}/plans", token=token) for _ in range(2)]
    answers = [status({"Authorization": f"DPoP {token}", "DPoP": proof}) for proof in (*proofs, *proofs)]
    assert answers == [200, 200, 401, 401]
    server.let_polls_go()
    validator.close()
