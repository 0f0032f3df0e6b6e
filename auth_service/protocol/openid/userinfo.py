"""An app learns this of the person who signed in to it (OpenID Connect Core §5.3).

The authorization server is a resource server here, and protects its resource with the kit that protects any other. It
asks itself about tokens, without a network in between.
"""

import json
import time

from auth_service.models.resource_server import ResourceServer, Scope
from auth_service.protocol.errors import REALM
from auth_service.protocol.identity_scopes import EMAIL, OPENID, PROFILE
from auth_service.protocol.tokens.dpop import DpopProofs
from auth_service.protocol.tokens.introspection import Introspection
from auth_service.storage.accounts import AccountStore
from shared.resource_server import ActiveToken, RawAnswer, TokenValidator, connect_in_process

CLAIMS = ("sub", "preferred_username", "email", "email_verified")


def userinfo_resource(issuer: str) -> str:
    """Return the identifier of the resource, which is also its address."""
    return f"{issuer}/userinfo"


def userinfo_server(issuer: str) -> ResourceServer:
    """Return its server, which owns the scopes that ask who a person is. It has no secret to introspect with."""
    return ResourceServer(
        name="userinfo",
        resource=userinfo_resource(issuer),
        checks_dpop_proofs=True,
        scopes=[
            Scope(name=OPENID, description="Recognise you when you come back"),
            Scope(name=PROFILE, description="See your user name"),
            Scope(name=EMAIL, description="See your e-mail address"),
        ],
    )


class _OwnIntrospection:
    """It introspects within the process, in the way that the kit wants."""

    def __init__(self, introspection: Introspection, server: ResourceServer) -> None:
        self._introspection = introspection
        self._server = server

    def introspect(self, token: str, within: float) -> RawAnswer:
        """Return what /introspect would say to us, in the stores' own time. Raises what they raise."""
        answer = self._introspection.introspect(token, self._server)
        return RawAnswer(json.dumps(answer).encode(), time.time())

    def close(self) -> None:
        """Do nothing: nothing is held open."""


def userinfo_validator(issuer: str, introspection: Introspection, proofs: DpopProofs) -> TokenValidator:
    """Return what says whether a token is good at /userinfo."""
    resource = userinfo_resource(issuer)
    return connect_in_process(
        _OwnIntrospection(introspection, userinfo_server(issuer)),
        resource=resource,
        issuer=issuer,
        realm=REALM,
        dpop=proofs.for_resource(issuer),
    )


def userinfo(accounts: AccountStore, token: ActiveToken) -> dict[str, str | bool]:
    """Return the claims that the token's scopes allow (§5.3.2, §5.4): of what nobody told us there is none."""
    claims: dict[str, str | bool] = {"sub": token.subject}
    if PROFILE in token.scopes and token.username is not None:
        claims["preferred_username"] = token.username
    if EMAIL in token.scopes:
        account = accounts.find(token.subject)
        if account is not None and account.email is not None:
            claims |= {"email": account.email, "email_verified": account.email_verified}
    return claims
