"""The scopes with which an app asks who a person is (OpenID Connect Core §5.4), and the resource that they open.

Each scope belongs to one resource server; these belong to the authorization server itself.
"""

from collections.abc import Collection

from auth_service.models.resource_server import ResourceServer, Scope

OPENID, PROFILE = "openid", "profile"


def userinfo_resource(issuer: str) -> str:
    """The identifier of the resource, which is also its address."""
    return f"{issuer}/userinfo"


def userinfo_server(issuer: str) -> ResourceServer:
    """Its server. It has no secret, so nobody can introspect as it."""
    return ResourceServer(
        name="userinfo",
        resource=userinfo_resource(issuer),
        scopes=[
            Scope(name=OPENID, description="Recognise you when you come back"),
            Scope(name=PROFILE, description="See your user name"),
        ],
    )


def understood_scope(scope: str | None, known: Collection[str]) -> str | None:
    """The scope of a request to sign somebody in without what nobody here knows, `email` for instance (§3.1.2.1).

    In any other request an unknown scope is an error.
    """
    asked_for = scope.split() if scope else []
    if OPENID not in asked_for or OPENID not in known:
        return scope
    return " ".join(name for name in asked_for if name in known)
