"""The hot state of grants and their tokens, in Redis: issue, find, rotate. Each is one atomic step.

What ends them is `grant_ends.py`.

An access token is good only while both its own key and its grant's are there, and for what both allow; nothing is ever
valid because some mark is missing. Every key expires.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from auth_service.models.authentication import PASSWORD, class_told
from auth_service.models.tokens import (
    AccessTokenClaims,
    AccessTokenRecord,
    CodeGrant,
    Issued,
    IssuedToClient,
    NewGrant,
    NotRotated,
    Replayed,
    Rotation,
    TokenUse,
)
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.lua_script import LuaScript
from auth_service.storage.portions import portions_of
from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.redis_exchange import Command, Exchange

REPLAY_WINDOW = 60
"""Seconds in which a request with an Idempotency-Key may be repeated, however long its access token lives."""
UNUSED_WINDOW = 30
"""Seconds in which a client that doesn't prove itself gets an unused pair again, where its policy is until-used."""
USED_WINDOW = 10
"""Seconds from the first use of a pair in which its predecessor may be on its way, where the policy is until-used.

A request that is executed later than that counts as reuse, so it is longer than any of ours waits for SQL and Redis.
"""
USES_KEPT = 20
"""A grant remembers so many of its last uses beside the first: where a credential was spent, and by what program."""
_USES = ("first", *map(str, range(USES_KEPT)))

_CLAIMS = tuple(field.name for field in fields(AccessTokenClaims))


class GrantStore:
    """Protocol verbs over Redis. Raises redis.RedisError when Redis can't be asked: then nothing may be assumed."""

    def __init__(self, clients: RedisClients, shards: int) -> None:
        self._clients = clients
        self._keys = GrantKeys(shards)
        self._create = LuaScript(clients.ending, "create_hash.lua")
        self._rotate = LuaScript(clients.exchange, "rotate.lua")
        self._note_use = LuaScript(clients.exchange, "note_use.lua")
        self._issue_client_token = LuaScript(clients.exchange, "issue_client_token.lua")
        self._confirm_client = LuaScript(clients.exchange, "confirm_client.lua")

    def create(self, grant: NewGrant, code_lifetime: int) -> None:
        """Store a grant whose code may be exchanged within `code_lifetime` seconds."""
        fields: dict[str, str | int] = {
            "client_id": grant.client_id,
            "subject": grant.subject,
            "scopes": " ".join(grant.scopes),
            "audience": " ".join(grant.audience),
            "expires_at": f"{grant.expires_at * 1000:.0f}",
            "redirect_uri": grant.redirect_uri,
            "code_challenge": grant.code_challenge,
            "auth_time": grant.auth_time,
            "id_token_nonce": grant.nonce,
            "dpop_jkt": grant.dpop_jkt,
            "generation": "0",
            "current": grant.code_digest,
        }
        if grant.methods:
            fields["amr"] = " ".join(grant.methods)
        if grant.acr is not None:
            fields["acr"] = grant.acr
        words = [word for field in fields.items() for word in field]
        expiry = [code_lifetime * 1000, int(grant.expires_at * 1000)]
        self._create([self._keys.grant(grant.grant_id)], [*expiry, *words])

    def find_code_grant(self, grant_id: str) -> CodeGrant | None:
        """What the code's request said, as long as its grant lives: also after the code was spent."""
        fields = ("client_id", "redirect_uri", "code_challenge", "auth_time", "id_token_nonce", "dpop_jkt")
        *values, amr, acr = self._clients.reads.hmget(self._keys.grant(grant_id), (*fields, "amr", "acr"))
        if None in values:
            return None
        client_id, redirect_uri, code_challenge, auth_time, nonce, dpop_jkt = map(str, values)
        methods, told = _methods_and_class(str(amr or ""), str(acr or ""))
        return CodeGrant(
            client_id, redirect_uri, code_challenge, int(auth_time), nonce, dpop_jkt, methods or PASSWORD, told
        )

    def rotate(self, rotation: Rotation) -> Issued | Replayed | NotRotated:
        """Spend a code or a refresh token. The one step that decides, and the last that can fail."""
        keys = [
            self._keys.grant(rotation.grant_id),
            self._keys.access_token(rotation.grant_id, rotation.access_digest),
            self._keys.uses(rotation.grant_id),
        ]
        request = {
            "grant_id": rotation.grant_id,
            "generation": rotation.generation,
            "digest": rotation.digest,
            "client_id": rotation.client_id,
            "nonce": rotation.nonce,
            "key_id": rotation.key_id,
            "access_digest": rotation.access_digest,
            "refresh_digest": rotation.refresh_digest,
            "claims": dump_claims(rotation.claims),
            "access_scope": rotation.claims.scope,
            "idempotency_key": rotation.repeatable.idempotency_key,
            "parameters": rotation.repeatable.parameters,
            "attempt": secrets.token_urlsafe(12),
            "access_token_lifetime": rotation.access_token_lifetime,
            "idle_lifetime": rotation.idle_lifetime,
            "replay_window": REPLAY_WINDOW * 1000,
            "retry": rotation.retry,
            "unused_window": UNUSED_WINDOW * 1000,
            "used_window": USED_WINDOW * 1000,
            "jkt": rotation.claims.jkt,
            "binds_refresh_token": rotation.binds_refresh_token,
            "use_field": _use_field(rotation.generation),
            "used_by": f"{rotation.network} {rotation.program}",
        }
        outcome, *values = self._rotate(keys, [json.dumps(request)])
        if outcome == "rotated":
            return Issued(int(values[0]), int(values[0]), int(values[1]))
        if outcome == "replayed":
            nonce, key_id, access_digest, refresh_digest, now, issued_at, expires_at, scope = values
            times = int(now), int(issued_at), int(expires_at)
            return Replayed(*times, nonce, key_id, access_digest, refresh_digest, scope)
        return NotRotated(outcome)

    def uses(self, grant_id: str) -> list[TokenUse]:
        """Return the first and the last uses of a grant, as far as they are known, in their order."""
        return _read_uses(self._clients.reads.hmget(self._keys.uses(grant_id), _USES))

    def last_uses(self, grant_ids: Sequence[str]) -> dict[str, TokenUse]:
        """Return the last use of each grant of which one is known."""
        last: dict[str, TokenUse] = {}
        for portion in portions_of(grant_ids):
            asked = (("HMGET", self._keys.uses(grant_id), *_USES) for grant_id in portion)
            for grant_id, found in zip(portion, self._clients.ending.ask(*asked), strict=True):
                if uses := _read_uses(found):
                    last[grant_id] = uses[-1]
        return last

    def issue_client_token(
        self,
        own_grant_id: str,
        digest: str,
        claims: AccessTokenClaims,
        client_scopes: tuple[str, ...],
        client_audience: tuple[str, ...],
        narrowings: int,
        lifetime: int,
    ) -> IssuedToClient | None:
        """Store a client's token for itself; None if its own grant knows of other `narrowings` of the client."""
        request = {
            "client_id": claims.client_id,
            "grant_scopes": " ".join(client_scopes),
            "grant_audience": " ".join(client_audience),
            "narrowings": narrowings,
            "claims": dump_claims(claims),
            "access_token_lifetime": lifetime,
            "attempt": secrets.token_urlsafe(12),
        }
        keys = [self._keys.grant(own_grant_id), self._keys.access_token(own_grant_id, digest)]
        outcome, *values = self._issue_client_token(keys, [json.dumps(request)])
        if outcome == "outdated":
            return None
        born, confirmed, issued_at, expires_at = values
        return IssuedToClient(int(issued_at), int(issued_at), int(expires_at), born, bool(confirmed))

    def confirm_client(self, own_grant_id: str, born: str) -> None:
        """Note that SQL still knew the client after its own grant was `born`. Harmless when repeated."""
        self._confirm_client([self._keys.grant(own_grant_id)], [born])

    def find_access_token(self, grant_id: str, digest: str) -> AccessTokenRecord | None:
        """The token if it is good now: its own scope and audience, cut with what its grant allows now.

        A token of whose scope nothing is left is not good, nor one from an earlier birth of its grant. A person's grant
        is born once and has no mark of it; nor has a client's own from before there were any.

        Where it matters that it was used, that is noted before anybody hears of the token.
        """
        token, grant = self._clients.exchange.ask(*_questions(self._keys, grant_id, digest))
        if grant[3] == digest:
            self.note_use(grant_id, digest)
        return _as_record(token, grant)

    def note_use(self, grant_id: str, digest: str) -> None:
        """Note that a token of this digest was presented, if its pair counts as unused. Harmless when repeated."""
        self._note_use([self._keys.grant(grant_id)], [digest])

    def last_used(self, grant_ids: Sequence[str]) -> dict[str, float]:
        """When each grant that still lives last got tokens, in epoch seconds. Ended grants are missing."""
        used: dict[str, float] = {}
        for portion in portions_of(grant_ids):
            asked = (("HGET", self._keys.grant(grant_id), "rotated_at") for grant_id in portion)
            found = self._clients.ending.ask(*asked)
            used |= {each: int(at) / 1000 for each, at in zip(portion, found, strict=True) if at is not None}
        return used


def _read_uses(found: Sequence[Any]) -> list[TokenUse]:
    uses = [
        TokenUse(int(generation), int(at), network, program)
        for generation, at, network, program in (str(use).split(" ", 3) for use in found if use is not None)
    ]
    return sorted(uses, key=lambda use: use.generation)


def _use_field(generation: int) -> str:
    """Return under which name a use is noted: the last ones take turns, each in place of the oldest."""
    return str((generation - 1) % USES_KEPT) if generation else "first"


def dump_claims(claims: AccessTokenClaims) -> str:
    """As an access token's key holds them."""
    return json.dumps({name: getattr(claims, name) for name in _CLAIMS}, separators=(",", ":"))


def read_access_token(exchange: Exchange, keys: GrantKeys, grant_id: str, digest: str) -> AccessTokenRecord | None:
    """The token if it is good by what this Redis says."""
    return _as_record(*exchange.ask(*_questions(keys, grant_id, digest)))


def read_access_tokens(
    exchange: Exchange, keys: GrantKeys, tokens: Sequence[tuple[str, str]]
) -> list[AccessTokenRecord | None]:
    """The same of some tokens, each given as its grant's id and its digest, in one round trip."""
    if not tokens:
        return []
    answers = exchange.ask(*(question for each in tokens for question in _questions(keys, *each)))
    return [_as_record(*pair) for pair in zip(answers[::2], answers[1::2], strict=True)]


def _questions(keys: GrantKeys, grant_id: str, digest: str) -> tuple[Command, Command]:
    return (
        ("HMGET", keys.access_token(grant_id, digest), "claims", "issued_at", "expires_at", "born"),
        ("HMGET", keys.grant(grant_id), "scopes", "audience", "born", "unused", "auth_time", "amr", "acr"),
    )


def _as_record(token: Sequence[Any], grant: Sequence[Any]) -> AccessTokenRecord | None:
    (dumped, issued_at, expires_at, born), (scopes, audience, grant_born, _, auth_time, amr, acr) = token, grant
    if dumped is None or scopes is None or audience is None:
        return None
    if born != grant_born and not _issued_by_release_before(born, int(issued_at), grant_born):
        return None
    claims = _load_claims(dumped, scopes.split(), audience.split())
    if not claims.scope:
        return None
    if not auth_time or auth_time == "0":
        return AccessTokenRecord(claims, int(issued_at), int(expires_at))
    return AccessTokenRecord(
        claims, int(issued_at), int(expires_at), int(auth_time), *(_methods_and_class(amr, acr) if amr else ())
    )


def _methods_and_class(amr: str | None, acr: str | None) -> tuple[tuple[str, ...], str | None]:
    methods = tuple(amr.split()) if amr else ()
    return methods, acr or class_told(methods, ())


def _issued_by_release_before(born: str | None, issued_at: int, grant_born: str | None) -> bool:
    """Whether a token lacks the mark of the birth because a process of 0.1.0 issued it, while an update went on.

    That was after the birth; what is older belonged to an earlier one.
    """
    return born is None and grant_born is not None and issued_at > int(grant_born.partition(".")[0])


def _load_claims(dumped: str, scopes: list[str], audience: list[str]) -> AccessTokenClaims:
    fields = json.loads(dumped)
    aud = tuple(resource for resource in fields["aud"] if resource in audience)
    scope = " ".join(name for name in fields["scope"].split() if name in scopes)
    return AccessTokenClaims(**{**fields, "aud": aud, "scope": scope, "actors": tuple(fields["actors"])})
