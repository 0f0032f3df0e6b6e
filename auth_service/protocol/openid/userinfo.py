"""What an app learns of the person who signed in to it (OpenID Connect Core §5.3).

The authorization server is a resource server here, and protects its resource with the kit that protects any other. It
asks itself about tokens, without a network in between.
"""

import json
import time

from auth_service.models.resource_server import ResourceServer, Scope
from auth_service.protocol.errors import REALM
from auth_service.protocol.identity_scopes import OPENID, PROFILE
from auth_service.protocol.tokens.dpop import DpopProofs
from auth_service.protocol.tokens.introspection import Introspection
from shared.resource_server import ActiveToken, RawAnswer, TokenValidator, connect_in_process

CLAIMS = ("sub", "preferred_username")


def userinfo_resource(issuer: str) -> str:
    """The identifier of the resource, which is also its address."""
    return f"{issuer}/userinfo"


def userinfo_server(issuer: str) -> ResourceServer:
    """Its server, which owns the scopes that ask who a person is. It has no secret, so nobody can introspect as it."""
    return ResourceServer(
        name="userinfo",
        resource=userinfo_resource(issuer),
        scopes=[
            Scope(name=OPENID, description="Recognise you when you come back"),
            Scope(name=PROFILE, description="See your user name"),
        ],
    )


class _OwnIntrospection:
    """Introspection within the process, as the kit wants it."""

    def __init__(self, introspection: Introspection, resource: str) -> None:
        self._introspection = introspection
        self._resource = resource

    def introspect(self, token: str, within: float) -> RawAnswer:
        """What /introspect would say to us, in the stores' own time. Raises what they raise."""
        answer = self._introspection.introspect(token, self._resource)
        return RawAnswer(json.dumps(answer).encode(), time.time())

    def close(self) -> None:
        """Nothing is held open."""


def userinfo_validator(issuer: str, introspection: Introspection, proofs: DpopProofs) -> TokenValidator:
    """Says whether a token is good at /userinfo."""
    resource = userinfo_resource(issuer)
    return connect_in_process(
        _OwnIntrospection(introspection, resource),
        resource=resource,
        issuer=issuer,
        realm=REALM,
        dpop=proofs.for_resource(issuer),
    )


def userinfo(token: ActiveToken) -> dict[str, str]:
    """The claims that the token's scopes allow (§5.3.2, §5.4). We know no more than a name that people chose."""
    claims = {"sub": token.subject}
    if PROFILE in token.scopes and token.username is not None:
        claims["preferred_username"] = token.username
    return claims
