"""With these scopes an app asks who a person is (OpenID Connect Core §5.4); `openid/userinfo.py` answers."""

from collections.abc import Collection

OPENID, PROFILE = "openid", "profile"


def understood_scope(scope: str | None, known: Collection[str]) -> str | None:
    """Leave out of a request to sign somebody in what nobody here knows, `email` for instance (§3.1.2.1).

    In any other request an unknown scope is an error.
    """
    asked_for = scope.split() if scope else []
    if OPENID not in asked_for or OPENID not in known:
        return scope
    return " ".join(name for name in asked_for if name in known)
