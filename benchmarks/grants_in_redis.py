"""What a grant takes in Redis as it is used: made, spent and found through the store, then weighed key by key."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from auth_service.crypto.token_handle import TokenHandle, TokenKind, new_grant_id
from auth_service.models.tokens import AccessTokenClaims, Issued, Repeatable, Rotation
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.grants import GrantStore
from auth_service.storage.portions import portions_of
from auth_service.storage.token_uses import USES_KEPT
from benchmarks.prepared import RESOURCE, SCOPE, PreparedServer

TITLE = "Grants in Redis"
_NETWORK, _PROGRAM = "198.51.100.0/24", "Firefox on Windows"


@dataclass
class _Grant:
    current: TokenHandle
    """Its code or refresh token."""
    access: TokenHandle | None = None

    @property
    def id(self) -> str:
        return self.current.grant_id


@dataclass(frozen=True, slots=True)
class _Weight:
    grant: float
    uses: float
    token: float
    used_memory: float
    """Redis' own account of one grant with all that is its own, its part in the tables of keys included."""

    @property
    def keys(self) -> float:
        return self.grant + self.uses + self.token

    def line(self, name: str) -> str:
        per_gib = 2**30 / max(self.keys, self.used_memory)
        cells = [f"{each:,.0f}" for each in (self.grant, self.uses, self.token, self.used_memory, per_gib)]
        return f"| {' | '.join([name, *cells])} |"


class _Grants:
    """So many of one client and one person, each with a code."""

    def __init__(self, server: PreparedServer, count: int, *, compact: bool) -> None:
        shards = server.parts.settings.redis_shards
        self._server, self._redis = server, server.parts.redis.scripts
        self._store, self._keys = GrantStore(server.parts.redis, shards, compact=compact), GrantKeys(shards)
        self._claims = AccessTokenClaims(server.client.client_id, server.account_id, "mo", (RESOURCE,), SCOPE)
        self._empty = self._used_memory()
        make = server.parts.keys.make
        self._grants = [_Grant(make(TokenKind.AUTHORIZATION_CODE, new_grant_id(), 0)) for _ in range(count)]
        for grant in self._grants:
            self._store.create(server.new_grant(grant.id, grant.current.digest), 3_600)

    def spend(self) -> None:
        """What each has now, for the next; and the access token before has expired meanwhile."""
        for grant in self._grants:
            last, generation = grant.access, grant.current.generation + 1
            make = self._server.parts.keys.make
            grant.access = make(TokenKind.ACCESS_TOKEN, grant.id, generation)
            refresh = make(TokenKind.REFRESH_TOKEN, grant.id, generation)
            rotation = Rotation(
                grant_id=grant.id,
                generation=grant.current.generation,
                digest=grant.current.digest,
                client_id=self._claims.client_id,
                nonce=secrets.token_hex(16),
                key_id=self._server.parts.keys.newest_key_id,
                access_digest=grant.access.digest,
                refresh_digest=refresh.digest,
                claims=self._claims,
                repeatable=Repeatable(),
                access_token_lifetime=3_600,
                idle_lifetime=86_400,
                network=_NETWORK,
                program=_PROGRAM,
            )
            if not isinstance(outcome := self._store.rotate(rotation), Issued):
                raise TypeError(f"a grant was not rotated: {outcome}")
            grant.current = refresh
            if last:
                self._redis.delete(self._keys.access_token(grant.id, last.digest))

    def weigh(self) -> _Weight:
        """On average. Raises ValueError unless each token is active."""
        access = [(each.id, each.access) for each in self._grants if each.access]
        if not all(self._store.find_access_token(handle) for _, handle in access):
            raise ValueError("a token is not active")
        grant = self._bytes(self._keys.grant(each.id) for each in self._grants)
        uses = self._bytes(self._keys.uses(each.id) for each in self._grants)
        token = self._bytes(self._keys.access_token(grant_id, handle.digest) for grant_id, handle in access)
        return _Weight(grant, uses, token, self._used())

    def expire(self) -> _Weight:
        """As it is when nobody has refreshed it for the life of an access token."""
        awake = self.weigh()
        for each in self._grants:
            if each.access:
                self._redis.delete(self._keys.access_token(each.id, each.access.digest))
        return _Weight(awake.grant, awake.uses, 0, self._used())

    def _bytes(self, keys: Iterator[str]) -> float:
        total = 0
        for portion in portions_of(list(keys)):
            with self._redis.pipeline(transaction=False) as pipeline:
                for key in portion:
                    pipeline.memory_usage(key, samples=0)
                total += sum(size or 0 for size in pipeline.execute())
        return total / len(self._grants)

    def _used(self) -> float:
        return (self._used_memory() - self._empty) / len(self._grants)

    def _used_memory(self) -> int:
        return int(self._redis.info("memory")["used_memory"])


def measure(server: PreparedServer, count: int) -> str:
    """The text of the section."""
    weights = _lives(_Grants(server, count, compact=True))
    weights |= {f"{name}, as hashes": weight for name, weight in _lives(_Grants(server, count, compact=False)).items()}
    version = server.parts.redis.scripts.info("server")["redis_version"]
    intro = (
        f"{count:,} grants of one scope, with one access token each, made through the store: bytes of each by `MEMORY "
        f"USAGE`, and of Redis' `used_memory`, which has tables of keys besides; Redis {version}."
    )
    lines = [
        intro,
        "",
        "| A grant | itself | its uses | access token | `used_memory` | grants per GiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    return "\n".join([*lines, *(weight.line(name) for name, weight in weights.items())])


def _lives(grants: _Grants) -> dict[str, _Weight]:
    grants.spend()
    weights = {"its code was exchanged": grants.weigh()}
    grants.spend()
    weights["refreshed once"] = grants.weigh()
    for _ in range(USES_KEPT - 1):
        grants.spend()
    weights[f"refreshed {USES_KEPT} times or more"] = grants.weigh()
    weights["the same, asleep: its access token has expired"] = grants.expire()
    return weights
