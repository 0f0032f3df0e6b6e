"""What an introspection answer says (RFC 7662 §2.2), read strictly: anything unexpected is no answer at all."""

import json
from binascii import b2a_base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from ..errors import UnusableAnswerError

T = TypeVar("T")

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class ActiveToken:
    """The authorization server calls this token active. Whether it is good *here* is the validator's to say."""

    subject: str
    client_id: str
    username: str | None
    """It is None for a token that a client got for itself."""
    scopes: frozenset[str]
    audience: frozenset[str]
    issuer: str
    token_type: str
    issued_at: int
    expires_at: int
    """These are epoch seconds by the authorization server's clock, like `issued_at`."""
    jti: str
    """It is the token's digest, by which a revocation names it."""
    grant_id: str
    jkt: str | None = None
    """It is the thumbprint of the key that it is bound to (RFC 9449 §6), or None for a bearer token."""
    actors: tuple[str, ...] = ()
    """The first acts for the subject by token exchange (RFC 8693 §4.1). The others tell how it came to that."""
    auth_time: int | None = None
    """The person proved who they are then, in epoch seconds (RFC 9470 §6.2); None if nobody said."""
    acr: str | None = None
    """They did so in a way of this class; None if nobody said, as of a password alone."""
    answer: bytes = field(default=b"{}", repr=False)
    """It is what the authorization server said of it, as it came. Read `claims`."""

    @property
    def claims(self) -> dict[str, Any]:
        """Return all that the authorization server said of it, for what has no attribute here, parsed at each call.

        Where a grant was narrowed since, `scopes` are fewer than these name: they count.
        """
        claims: dict[str, Any] = json.loads(self.answer)
        return claims

    @property
    def scheme(self) -> str:
        """Return how it has to be presented: as `DPoP` if it is bound to a key (RFC 9449 §7.1), else as `Bearer`."""
        return "DPoP" if self.jkt else "Bearer"

    @property
    def stands_for_a_person(self) -> bool:
        """Return False for a token that a client got for itself (client credentials): its subject is the client."""
        return self.subject != self.client_id


def token_digest(token: str) -> str:
    """Return base64url SHA-256 without padding, which the authorization server calls `jti`."""
    return b2a_base64(sha256(token.encode()).digest()).translate(_URL_SAFE, b"=\n").decode()


def read_introspection_response(body: bytes, token: str) -> ActiveToken | None:
    """Return the token; None if the answer is `"active": false`.

    Raises UnusableAnswerError if the answer is anything but one of the two answers that exist, or about another token.
    """
    answer = read_json_answer(body)
    if answer["active"] is not True:
        return None
    if _required(answer, "jti", str) != token_digest(token):
        raise UnusableAnswerError("introspection answered about another token")
    return ActiveToken(
        subject=_required(answer, "sub", str),
        client_id=_required(answer, "client_id", str),
        username=_required(answer, "username", str) if "username" in answer else None,
        scopes=frozenset(_required(answer, "scope", str).split()),
        audience=_audience(answer.get("aud")),
        issuer=_required(answer, "iss", str),
        token_type=_required(answer, "token_type", str),
        issued_at=_required(answer, "iat", int),
        expires_at=_required(answer, "exp", int),
        jti=answer["jti"],
        grant_id=_required(answer, "grant_id", str),
        jkt=confirmation_key(answer.get("cnf")),
        actors=tuple(_actors(answer.get("act"))),
        auth_time=_required(answer, "auth_time", int) if "auth_time" in answer else None,
        acr=_required(answer, "acr", str) if "acr" in answer else None,
        answer=body,
    )


def read_json_answer(body: bytes) -> dict[str, Any]:
    """Return the members of an answer, `active` among them. Raises UnusableAnswerError."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise UnusableAnswerError("introspection answered no JSON") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("active"), bool):
        raise UnusableAnswerError("introspection answered without a boolean `active`")
    return answer


def _required(answer: dict[str, Any], name: str, kind: type[T]) -> T:
    value = answer.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UnusableAnswerError(f"introspection answered with an unusable `{name}`")
    return value


def _audience(value: object) -> frozenset[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(entry, str) for entry in values):
        raise UnusableAnswerError("introspection answered with an unusable `aud`")
    return frozenset(values)


def confirmation_key(confirmation: object) -> str | None:
    """Return the `jkt` of a `cnf` member. A binding of another kind could not be checked here (RFC 7800 §3.1)."""
    if confirmation is None:
        return None
    if not isinstance(confirmation, dict) or list(confirmation) != ["jkt"] or not isinstance(confirmation["jkt"], str):
        raise UnusableAnswerError("introspection answered with an unusable `cnf`")
    return confirmation["jkt"]


def _actors(act: object) -> Iterator[str]:
    while act is not None:
        if not isinstance(act, dict) or not isinstance(act.get("sub"), str):
            raise UnusableAnswerError("introspection answered with an unusable `act`")
        yield act["sub"]
        act = act.get("act")
