"""An access token is read together with its grant, in one round trip: it is good for what both allow."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from auth_service.models.authentication import class_told
from auth_service.models.tokens import AccessTokenClaims, AccessTokenRecord
from auth_service.storage.grant_encoding import GrantValues, ask_either, grant_question, read_grant_values
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.redis_exchange import Command, Exchange

_dump = json.JSONEncoder(separators=(",", ":")).encode
_LINES = 7
"""A compact token has so many: when it was issued and when it expires, in epoch seconds, then its own scope, audience,
key, client and actors. Where scope, audience or client are empty, they are the grant's; "-" is nobody's audience."""


def dump_claims(claims: AccessTokenClaims) -> str:
    """Return them as the hash of an access token holds them."""
    return _dump(claims._asdict())


def dump_token(claims: AccessTokenClaims) -> dict[str, str]:
    """Return what scripts write of a compact access token."""
    return {
        "client_id": claims.client_id,
        "scope": claims.scope,
        "audience": " ".join(claims.aud),
        "jkt": claims.jkt,
        "actors": " ".join(claims.actors),
    }


def questions_about(keys: GrantKeys, grant_id: str, digest: str) -> list[tuple[Command, Command]]:
    """Return what has to be asked for a token, each in both encodings."""
    token = keys.access_token(grant_id, digest)
    in_hash = ("HMGET", token, "claims", "issued_at", "expires_at", "born")
    return [(("GET", token), in_hash), grant_question(keys.grant(grant_id))]


def read_access_tokens(
    exchange: Exchange, keys: GrantKeys, tokens: Sequence[tuple[str, str]], *, is_compact: bool
) -> list[AccessTokenRecord | None]:
    """Return the tokens, each given as its grant's id and its digest, that are good by what this Redis says."""
    if not tokens:
        return []
    questions = [question for each in tokens for question in questions_about(keys, *each)]
    answers = ask_either(exchange, questions, is_compact=is_compact)
    return [
        read_record(token, read_grant_values(grant)) for token, grant in zip(answers[::2], answers[1::2], strict=True)
    ]


def read_record(token: Any, grant: GrantValues | None) -> AccessTokenRecord | None:
    """Return a token if it is good: its own scope and audience, cut with what its grant allows now.

    A token of whose scope nothing is left is not good, nor one from an earlier birth of its grant. A person's grant
    is born once and has no mark of it; nor has a client's own from before there were any.
    """
    if token is None or grant is None:
        return None
    if isinstance(token, str):
        issued_at, expires_at, claims = _from_lines(token, grant)
    else:
        dumped, issued_at, expires_at, born = token
        if dumped is None:
            return None
        if born != grant.born and not _issued_by_release_before(born, int(issued_at), grant.born):
            return None
        claims = _from_json(dumped, grant)
    if not claims.scope:
        return None
    if grant.auth_time in {"", "0"}:
        return AccessTokenRecord(claims, int(issued_at), int(expires_at))
    methods = tuple(grant.amr.split())
    acr = grant.acr or class_told(methods, ()) if methods else None
    return AccessTokenRecord(claims, int(issued_at), int(expires_at), int(grant.auth_time), methods, acr)


def _from_lines(text: str, grant: GrantValues) -> tuple[str, str, AccessTokenClaims]:
    lines = text.split("\n")
    lines += [""] * (_LINES - len(lines))
    issued_at, expires_at, scope, audience, jkt, client_id, actors = lines[:_LINES]
    claims = AccessTokenClaims(
        client_id=client_id or grant.client_id,
        sub=grant.subject,
        username=_username(grant.username),
        aud=_audience_left(audience.split(), grant) if audience else tuple(grant.audience.split()),
        scope=_scope_left(scope, grant) if scope else grant.scopes,
        jkt=jkt,
        actors=tuple(actors.split()),
    )
    return issued_at, expires_at, claims


def _from_json(dumped: str, grant: GrantValues) -> AccessTokenClaims:
    claims = json.loads(dumped)
    left = {"aud": _audience_left(claims["aud"], grant), "scope": _scope_left(claims["scope"], grant)}
    return AccessTokenClaims(**{**claims, **left, "actors": tuple(claims["actors"])})


@lru_cache(4_096)
def _username(text: str) -> str | None:
    username: str | None = json.loads(text)
    return username


def _audience_left(audience: Sequence[str], grant: GrantValues) -> tuple[str, ...]:
    allowed = grant.audience.split()
    return tuple(resource for resource in audience if resource in allowed)


def _scope_left(scope: str, grant: GrantValues) -> str:
    allowed = grant.scopes.split()
    return " ".join(name for name in scope.split() if name in allowed)


def _issued_by_release_before(born: str | None, issued_at: int, grant_born: str | None) -> bool:
    """Say whether a token lacks the mark of the birth because a process of 0.1.0 issued it, while an update went on.

    That was after the birth; what is older belonged to an earlier one.
    """
    return born is None and grant_born is not None and issued_at > int(grant_born.partition(".")[0])
