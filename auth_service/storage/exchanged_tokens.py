"""Access tokens that clients got for others (RFC 8693), in Redis: issued, and ended with the client that got them.

They are access tokens like any other (`grants.py`), of the same grant as the one they were got for, and end with it.
"""

from collections.abc import Collection

from auth_service.crypto.token_handle import TokenHandle
from auth_service.models.ending import EndedAccessToken
from auth_service.models.tokens import AccessTokenClaims, Issued, NotExchanged
from auth_service.storage.atomic_step import AtomicStep
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.grants import dump_claims
from auth_service.storage.redis_connection import RedisClients

MAX_EXCHANGES = 1_000
"""So many tokens may be got for one and live at a time: they end in one step, for which everybody else waits."""


class ExchangedTokenStore:
    """Raises redis.RedisError when Redis can't be asked: then nothing may be assumed."""

    def __init__(self, clients: RedisClients, keys: GrantKeys, ends: GrantEnds) -> None:
        self._redis = clients.ending
        self._keys = keys
        self._ends = ends
        self._exchange = AtomicStep(clients.exchange, "exchange.lua")

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
        outcome, *times = self._exchange(keys, [dump_claims(claims), lifetime, MAX_EXCHANGES])
        if outcome != "exchanged":
            return NotExchanged(outcome)
        issued_at, expires_at = map(int, times)
        return Issued(issued_at, issued_at, expires_at)

    def revoke_those_of(self, client_id: str, *, beyond: Collection[str] = ()) -> None:
        """End all that a client got for other tokens, or only what allows more than these scopes. Can be repeated."""
        lists = (self._keys.exchanged_by(shard, client_id) for shard in range(self._keys.shards))
        for listed in self._redis.ask(*(("ZRANGE", each, 0, -1) for each in lists)):
            for key in listed:
                grant_id, digest = str(key).split(":")[-2:]
                record = self._ends.find_access_token(grant_id, digest)
                if record is not None and not set(record.claims.scope.split()) <= set(beyond):
                    claims = record.claims
                    ended = EndedAccessToken(grant_id, digest, client_id, claims.sub, claims.aud)
                    self._ends.revoke_access_tokens([ended])
