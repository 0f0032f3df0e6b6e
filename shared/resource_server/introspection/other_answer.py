"""What introspection says at authorization servers that aren't ours: RFC 7662 §2.2 makes nearly all of it optional, and
Keycloak, Ory Hydra, node-oidc-provider and Spring each leave out something else.

Still strict where a guess would let somebody in: what isn't said to be an access token isn't one.
"""

from typing import Any

from ..errors import UnusableAnswerError
from .response import ActiveToken, confirmation_key, read_json_answer, token_digest

_KINDS = frozenset({"bearer", "dpop"})
_LONGEST_TIME = 2**53
"""Numbers of seconds beyond that have no exact value in JSON (RFC 8259 §6)."""


def read_other_answer(body: bytes, token: str, issuer: str) -> ActiveToken | None:
    """Return the token; None if it isn't active, or is a token of another kind.

    It is known here by its digest, whatever the server calls it. Where the answer doesn't say who issued the token, it
    was whoever was asked: `issuer`. Raises UnusableAnswerError for what can't be read.
    """
    answer = read_json_answer(body)
    if answer["active"] is not True or not _is_access_token(answer):
        return None
    jti, client_id = token_digest(token), _text(answer, "client_id", "azp") or ""
    jkt = confirmation_key(answer.get("cnf"))
    return ActiveToken(
        subject=_text(answer, "sub") or client_id,  # a client that got a token for itself may have no subject
        client_id=client_id,
        username=_text(answer, "username"),
        scopes=_words(answer.get("scope")),
        audience=_words(answer.get("aud"), separated=False),
        issuer=_text(answer, "iss") or issuer,
        token_type="DPoP" if jkt else "Bearer",
        issued_at=_time(answer.get("iat", 0), "iat"),
        expires_at=_time(answer.get("exp"), "exp"),
        jti=jti,
        grant_id=jti,
        jkt=jkt,
        auth_time=_time(answer["auth_time"], "auth_time") if answer.get("auth_time") is not None else None,
        acr=_text(answer, "acr"),
        answer=body,
    )


def _is_access_token(answer: dict[str, Any]) -> bool:
    """Refresh tokens are introspected at the same address, and are active too.

    Hydra tells them apart by `token_use`, Keycloak by `typ`, node-oidc-provider and Spring by leaving `token_type` out.
    """
    kinds = [answer[name] for name in ("token_type", "typ") if name in answer]
    return (
        bool(kinds)
        and all(isinstance(kind, str) and kind.lower() in _KINDS for kind in kinds)
        and answer.get("token_use", "access_token") == "access_token"
    )


def _text(answer: dict[str, Any], *names: str) -> str | None:
    for name in names:
        value = answer.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise UnusableAnswerError(f"introspection answered with an unusable `{name}`")
            return value
    return None


def _words(value: object, *, separated: bool = True) -> frozenset[str]:
    """Return the words of a list, or of a text that holds one, or several if they are separated by spaces."""
    if value is None:
        return frozenset()
    if isinstance(value, str):
        return frozenset(value.split() if separated else [value])
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return frozenset(value)
    raise UnusableAnswerError("introspection answered with an unusable `scope` or `aud`")


def _time(value: object, name: str) -> int:
    """Return seconds. A fraction is cut off: so a token ends early rather than late."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LONGEST_TIME:
        raise UnusableAnswerError(f"introspection answered with an unusable `{name}`")
    return int(value)
