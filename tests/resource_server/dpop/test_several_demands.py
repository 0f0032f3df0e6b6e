"""A request has one proof, however many demands are made of its token: FastAPI has those of routers and of routes."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Security

from shared.resource_server import ActiveToken
from shared.resource_server.dpop import Dpop
from shared.resource_server.fastapi_security import TokenSecurity
from tests.resource_server.adapters import call_asgi
from tests.resource_server.dpop.bound_tokens import ADDRESS, KEY, OTHER_KEY, bound, validator_of
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
