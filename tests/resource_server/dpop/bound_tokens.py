"""Bound tokens, and a service of the kit that takes them."""

from typing import Any

from shared.resource_server import TokenValidator, connect
from shared.resource_server.dpop import Dpop
from tests.resource_server.adapters import RESOURCE
from tests.support.dpop import DpopKey
from tests.support.small_authorization_server import ISSUER, SmallAuthorizationServer

ADDRESS = "https://plans.example"
KEY, OTHER_KEY = DpopKey(), DpopKey("Ed25519")


def validator_of(server: SmallAuthorizationServer, dpop: Dpop | None) -> TokenValidator:
    return connect(
        resource=RESOURCE,
        issuer=ISSUER,
        client_id="plans",
        client_secret="a secret",
        auth_url=server.address,
        realm="plans",
        dpop=dpop,
    )


def bound(server: SmallAuthorizationServer, token: str, key: DpopKey = KEY, **claims: Any) -> str:
    return server.issue(token, token_type="DPoP", cnf={"jkt": key.thumbprint}, **claims)
