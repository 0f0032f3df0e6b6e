"""What ends grants and access tokens in Redis, or takes scopes from them: atomic steps, harmless when repeated.

Of many things at once, each is a step of its own, and all are one round trip: so callers bring them in portions.
Resource servers hear of it from the log, and hear it again at each repetition.
"""

from collections.abc import Sequence

from auth_service.models.ending import EndedAccessToken, EndedGrant, NarrowedGrant
from auth_service.models.tokens import AccessTokenRecord
from auth_service.storage.access_tokens import read_access_tokens
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.lua_script import Call, LuaScript
from auth_service.storage.redis_connection import RedisClients


class GrantEnds:
    """Works on whichever Redis answers, whether it was told before or not. Raises redis.RedisError."""

    def __init__(self, clients: RedisClients, shards: int, log_lifetime: int, *, compact: bool) -> None:
        """`compact`: most of what is there was probably written so; see GrantStore."""
        self._redis = clients.ending
        self._keys = GrantKeys(shards)
        self._compact = compact
        self._log_lifetime = log_lifetime * 1000
        self._narrow = LuaScript(clients.ending, "narrow.lua", grants=True)
        self._revoke = LuaScript(clients.ending, "revoke.lua", grants=True)

    def narrow_grants(self, narrowed: Sequence[NarrowedGrant]) -> None:
        """Cut grants to what is left of them; their tokens are cut with them."""
        if narrowed:
            self._narrow.each([self._narrowing(each) for each in narrowed])

    def revoke_grants(self, ended: Sequence[EndedGrant]) -> None:
        """End grants with everything that came from them."""
        if ended:
            self._revoke.each([self._ending_grant(each) for each in ended])

    def revoke_access_tokens(self, ended: Sequence[EndedAccessToken]) -> None:
        """End access tokens alone, unless another client has them than is said."""
        if ended:
            self._revoke.each([self._ending_access_token(each) for each in ended])

    def living_grants(self, ended: Sequence[EndedGrant]) -> list[EndedGrant]:
        """Those of which this Redis knows nothing yet."""
        living = self._exist([self._keys.grant(each.grant_id) for each in ended])
        return [each for each, lives in zip(ended, living, strict=True) if lives]

    def living_access_tokens(self, ended: Sequence[EndedAccessToken]) -> list[EndedAccessToken]:
        """Those of which this Redis knows nothing yet."""
        living = self._exist([self._keys.access_token(each.grant_id, each.digest) for each in ended])
        return [each for each, lives in zip(ended, living, strict=True) if lives]

    def find_access_token(self, grant_id: str, digest: str) -> AccessTokenRecord | None:
        """What a token is good for that somebody wants to end."""
        return self.find_access_tokens([(grant_id, digest)])[0]

    def find_access_tokens(self, tokens: Sequence[tuple[str, str]]) -> list[AccessTokenRecord | None]:
        """The same of some tokens, each given as its grant's id and its digest."""
        return read_access_tokens(self._redis, self._keys, tokens, is_compact=self._compact)

    def _exist(self, keys: list[str]) -> list[int]:
        return self._redis.ask(*(("EXISTS", key) for key in keys)) if keys else []

    def _narrowing(self, narrowed: NarrowedGrant) -> Call:
        keys = [self._keys.grant(narrowed.grant_id), self._keys.log(narrowed.grant_id)]
        left = (" ".join(narrowed.scopes), " ".join(narrowed.audience))
        counted = () if narrowed.narrowings is None else (narrowed.narrowings,)
        return keys, [self._log_lifetime, narrowed.grant_id, *left, *counted]

    def _ending_grant(self, ended: EndedGrant) -> Call:
        keys = [self._keys.grant(ended.grant_id), self._keys.log(ended.grant_id)]
        return self._call(keys, ended, "because", ended.because)

    def _ending_access_token(self, ended: EndedAccessToken) -> Call:
        keys = [
            self._keys.access_token(ended.grant_id, ended.digest),
            self._keys.log(ended.grant_id),
            self._keys.exchanged(ended.grant_id, ended.digest),
            self._keys.grant(ended.grant_id),
        ]
        return self._call(keys, ended, "jti", ended.digest)

    def _call(self, keys: list[str], ended: EndedGrant | EndedAccessToken, *more: str) -> Call:
        entry = ("grant_id", ended.grant_id, "client_id", ended.client_id, "sub", ended.subject, *more)
        return keys, [self._log_lifetime, " ".join(ended.audience), *entry]
