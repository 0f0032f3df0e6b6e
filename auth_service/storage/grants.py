"""The hot state of grants and their tokens, in Redis: issue, find, rotate. Each is one atomic step.

What ends them is `grant_ends.py`.

An access token is good only while both its own key and its grant's are there, and for what both allow; nothing is ever
valid because some mark is missing. Every key expires.
"""

import json
from collections.abc import Iterator, Sequence

from auth_service.crypto.token_handle import TokenHandle
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
from auth_service.storage.access_tokens import dump_claims, questions_about, read_record
from auth_service.storage.grant_encoding import ask_either, ask_grants, read_grant_values
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.lua_script import LuaScript
from auth_service.storage.portions import portions_of
from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.token_uses import USE_FIELDS, USES_KEPT, read_uses, use_field

_dump = json.JSONEncoder(ensure_ascii=False).encode
REPLAY_WINDOW = 60
"""Seconds in which a request with an Idempotency-Key may be repeated, however long its access token lives."""
UNUSED_WINDOW = 30
"""Seconds in which a client that doesn't prove itself gets an unused pair again, where its policy is until-used."""
USED_WINDOW = 10
"""Seconds from the first use of a pair in which its predecessor may be on its way, where the policy is until-used.

A request that is executed later than that counts as reuse, so it is longer than any of ours waits for SQL and Redis.
"""


class GrantStore:
    """Protocol verbs over Redis. Raises redis.RedisError when Redis can't be asked: then nothing may be assumed."""

    def __init__(self, clients: RedisClients, shards: int, *, compact: bool) -> None:
        """`compact`: what is written takes less than half of the memory, and can't be read by release 0.1."""
        self._clients = clients
        self._keys = GrantKeys(shards)
        self._compact = compact
        self._create = LuaScript(clients.ending, "create_grant.lua", grants=True)
        self._rotate = LuaScript(clients.exchange, "rotate.lua", grants=True)
        self._note_use = LuaScript(clients.exchange, "note_use.lua", grants=True)
        self._issue_client_token = LuaScript(clients.exchange, "issue_client_token.lua")
        self._confirm_client = LuaScript(clients.exchange, "confirm_client.lua")

    def create(self, grant: NewGrant, code_lifetime: int) -> None:
        """Store a grant whose code may be exchanged within `code_lifetime` seconds."""
        values: dict[str, str | int] = {
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
            values["amr"] = " ".join(grant.methods)
        if grant.acr is not None:
            values["acr"] = grant.acr
        words = [word for field in values.items() for word in field]
        expiry = [code_lifetime * 1000, int(grant.expires_at * 1000)]
        self._create([self._keys.grant(grant.grant_id)], [int(self._compact), *expiry, *words])

    def find_code_grant(self, grant_id: str) -> CodeGrant | None:
        """What the code's request said, as long as its grant lives: also after the code was spent.

        A compact grant then forgets the nonce.
        """
        (found,) = self._ask_grants([grant_id])
        if not found:
            return None
        methods = tuple(found.get("amr", "").split())
        return CodeGrant(
            client_id=found["client_id"],
            redirect_uri=found.get("redirect_uri", ""),
            code_challenge=found.get("code_challenge", ""),
            auth_time=int(found.get("auth_time", 0)),
            nonce=found.get("id_token_nonce", ""),
            dpop_jkt=found.get("dpop_jkt", ""),
            methods=methods or PASSWORD,
            acr=found.get("acr") or class_told(methods, ()),
        )

    def rotate(self, rotation: Rotation) -> Issued | Replayed | NotRotated:
        """Spend a code or a refresh token. The one step that decides, and the last that can fail."""
        keys = [
            self._keys.grant(rotation.grant_id),
            self._keys.access_token(rotation.grant_id, rotation.access_digest),
            self._keys.uses(rotation.grant_id),
        ]
        claims = rotation.claims
        request = (
            rotation.client_id,
            rotation.digest,
            rotation.nonce,
            rotation.key_id,
            rotation.access_digest,
            rotation.refresh_digest,
            _dump(claims.username),
            claims.scope,
            " ".join(claims.aud),
            claims.jkt,
            " ".join(claims.actors),
            "" if self._compact else dump_claims(claims),
            rotation.repeatable.idempotency_key,
            rotation.repeatable.parameters,
            rotation.retry,
            int(rotation.binds_refresh_token),
            use_field(rotation.generation),
            f"{rotation.network} {rotation.program}",
            int(self._compact),
        )
        numbers = (
            rotation.generation,
            rotation.access_token_lifetime,
            rotation.idle_lifetime,
            REPLAY_WINDOW * 1000,
            UNUSED_WINDOW * 1000,
            USED_WINDOW * 1000,
            USES_KEPT,
        )
        outcome, *values = self._rotate(keys, (*request, *numbers))
        if outcome == "rotated":
            return Issued(int(values[0]), int(values[0]), int(values[1]))
        if outcome == "replayed":
            nonce, key_id, access_digest, refresh_digest, now, issued_at, expires_at, scope = values
            times = int(now), int(issued_at), int(expires_at)
            return Replayed(*times, nonce, key_id, access_digest, refresh_digest, scope)
        return NotRotated(outcome)

    def uses(self, grant_id: str) -> list[TokenUse]:
        """Return the first and the last uses of a grant, as far as they are known, in their order."""
        return next(self._uses([grant_id]))

    def last_uses(self, grant_ids: Sequence[str]) -> dict[str, TokenUse]:
        """Return the last use of each grant of which one is known."""
        found = zip(grant_ids, self._uses(grant_ids), strict=True)
        return {grant_id: uses[-1] for grant_id, uses in found if uses}

    def _uses(self, grant_ids: Sequence[str]) -> Iterator[list[TokenUse]]:
        for portion in portions_of(grant_ids):
            asked = (("HMGET", self._keys.uses(grant_id), *USE_FIELDS) for grant_id in portion)
            in_hashes = self._clients.ending.ask(*asked)
            for apart, grant in zip(in_hashes, self._ask_grants(portion), strict=True):
                yield read_uses(apart, grant)

    def _ask_grants(self, grant_ids: Sequence[str]) -> list[dict[str, str]]:
        keys = [self._keys.grant(grant_id) for grant_id in grant_ids]
        return ask_grants(self._clients.ending, keys, is_compact=self._compact)

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
        keys = [self._keys.grant(own_grant_id), self._keys.access_token(own_grant_id, digest)]
        scopes, audience = " ".join(client_scopes), " ".join(client_audience)
        request = (claims.client_id, scopes, audience, narrowings, dump_claims(claims), lifetime, digest[:16])
        outcome, *values = self._issue_client_token(keys, request)
        if outcome == "outdated":
            return None
        born, confirmed, issued_at, expires_at = values
        return IssuedToClient(int(issued_at), int(issued_at), int(expires_at), born, bool(confirmed))

    def confirm_client(self, own_grant_id: str, born: str) -> None:
        """Note that SQL still knew the client after its own grant was `born`. Harmless when repeated."""
        self._confirm_client([self._keys.grant(own_grant_id)], [born])

    def find_access_token(self, handle: TokenHandle) -> AccessTokenRecord | None:
        """The token if it is good now: its own scope and audience, cut with what its grant allows now.

        Where it matters that it was used, that is noted before anybody hears of the token.
        """
        exchange, keys = self._clients.exchange, self._keys
        token, grant = None, None
        if self._compact and handle.generation > 0:  # a client's own never is
            both = ("MGET", keys.access_token(handle.grant_id, handle.digest), keys.grant(handle.grant_id))
            ((token, grant),) = exchange.ask(both)  # of a hash None, as of what isn't there
        if token is None or grant is None:
            questions = questions_about(keys, handle.grant_id, handle.digest)
            token, grant = ask_either(exchange, questions, is_compact=False)
        values = read_grant_values(grant)
        if values is not None and values.unused and handle.digest.startswith(values.access_digest):
            self.note_use(handle.grant_id, handle.digest)
        return read_record(token, values)

    def note_use(self, grant_id: str, digest: str) -> None:
        """Note that a token of this digest was presented, if its pair counts as unused. Harmless when repeated."""
        self._note_use([self._keys.grant(grant_id)], [digest])

    def last_used(self, grant_ids: Sequence[str]) -> dict[str, float]:
        """When each grant that still lives last got tokens, in epoch seconds. Ended grants are missing."""
        used: dict[str, float] = {}
        for portion in portions_of(grant_ids):
            found = zip(portion, self._ask_grants(portion), strict=True)
            used |= {each: int(grant["rotated_at"]) / 1000 for each, grant in found if "rotated_at" in grant}
        return used
