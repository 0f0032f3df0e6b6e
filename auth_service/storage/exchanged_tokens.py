"""Access tokens that clients got for others (RFC 8693), in Redis: issued, and ended with the client that got them.

They are access tokens like any other (`grants.py`), of the same grant as the one they were got for, and end with it.
"""

import json
from collections.abc import Collection, Mapping, Sequence

from auth_service.crypto.token_handle import TokenHandle
from auth_service.models.ending import EndedAccessToken
from auth_service.models.tokens import AccessTokenClaims, Issued, NotExchanged
from auth_service.storage.access_tokens import dump_claims, dump_token
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.lua_script import LuaScript
from auth_service.storage.portions import AT_ONCE, portions_of
from auth_service.storage.redis_connection import RedisClients

MAX_EXCHANGES = 1_000
"""So many tokens may be got for one and live at a time: they end in one step, for which everybody else waits."""


class ExchangedTokenStore:
    """Raises redis.RedisError when Redis can't be asked: then nothing may be assumed."""

    def __init__(self, clients: RedisClients, keys: GrantKeys, ends: GrantEnds) -> None:
        self._redis = clients.ending
        self._keys = keys
        self._ends = ends
        self._exchange = LuaScript(clients.exchange, "exchange.lua", grants=True)

    def issue(
        self, subject: TokenHandle, digest: str, claims: AccessTokenClaims, lifetime: int
    ) -> Issued | NotExchanged:
        """Store a token that was got for `subject`, if that is still good. It lives no longer than `subject` does."""
        grant_id = subject.grant_id
        keys = [
            self._keys.grant(grant_id),
            self._keys.access_token(grant_id, subject.digest),
            self._keys.access_token(grant_id, digest),
            self._keys.exchanged(grant_id, subject.digest),
            self._keys.exchanged_by(self._keys.shard(grant_id), claims.client_id),
        ]
        token = {**dump_token(claims), "claims": dump_claims(claims)}
        outcome, *times = self._exchange(keys, [json.dumps(token), lifetime, MAX_EXCHANGES])
        if outcome != "exchanged":
            return NotExchanged(outcome)
        issued_at, expires_at = map(int, times)
        return Issued(issued_at, issued_at, expires_at)

    def revoke_those_of(self, allowed: Mapping[str, Collection[str]]) -> None:
        """End what these clients got for other tokens and what allows more than the scopes they are named with.

        Can be repeated. Newest first, in portions: tokens that come meanwhile shift none out of sight.
        """
        lists = [
            (self._keys.exchanged_by(shard, client_id), client_id)
            for client_id in allowed
            for shard in range(self._keys.shards)
        ]
        begin = 0
        while lists:
            longer = []
            for asked in portions_of(lists):
                ranges = (("ZREVRANGE", key, begin, begin + AT_ONCE - 1) for key, _ in asked)
                got = []
                for each, keys in zip(asked, self._redis.ask(*ranges), strict=True):
                    got += [(each[1], str(key)) for key in keys]
                    longer += [each] if len(keys) == AT_ONCE else []
                for portion in portions_of(got):
                    self._revoke(portion, allowed)
            lists, begin = longer, begin + AT_ONCE

    def _revoke(self, got: Sequence[tuple[str, str]], allowed: Mapping[str, Collection[str]]) -> None:
        """End some tokens, each given as its client and its key, where they allow too much."""
        named = [(key.split(":")[-2], key.split(":")[-1]) for _, key in got]
        ended = []
        for (client_id, _), name, record in zip(got, named, self._ends.find_access_tokens(named), strict=True):
            if record is not None and not set(record.claims.scope.split()) <= set(allowed[client_id]):
                ended.append(EndedAccessToken(*name, client_id, record.claims.sub, record.claims.aud))
        self._ends.revoke_access_tokens(ended)
