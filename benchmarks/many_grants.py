"""So many people, clients and grants with a token each, as the service itself would have stored them.

They go past the service, in bulk; how a grant looks in Redis is copied from one that the service made.
"""

import random
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, text

from auth_service.crypto.token_handle import TokenKind, token_digest
from auth_service.models.account import SUBJECT_PREFIX, Account
from auth_service.models.base import Base, now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.secret import secret_digest
from auth_service.models.tokens import AccessTokenClaims, RevokedBecause
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.grants import dump_claims
from benchmarks.prepared import RESOURCE, SCOPE, SECRET, PreparedServer

_AT_ONCE = 10_000
_ENDED = 100
"""One grant in so many was ended an hour ago."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of one grant."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Bytes:
    """What one takes, keys and indexes included."""

    account: int
    client: int
    """With the record of its own grant."""
    grant: int
    in_redis: int
    """A grant that was refreshed once, with one access token."""


class ManyGrants:
    """`size` of each, and the tokens of some: of grants that all belong to the server's client."""

    def __init__(self, server: PreparedServer, size: int, active: int) -> None:
        self._server, self.size = server, size
        self._keys = server.parts.keys
        self._redis_keys = GrantKeys(server.parts.settings.redis_shards)
        self._active = set(random.Random(size).sample([n for n in range(size) if n % _ENDED], active))
        self.tokens: list[Tokens] = []

    def fill(self) -> Bytes:
        """Store everything; what it takes."""
        at_first = self._database_bytes()
        self._insert(Account, self._account)
        accounts = self._database_bytes()
        self._insert(Client, self._client)
        self._insert(GrantRecord, self._own_grant)
        clients = self._database_bytes()
        self._insert(GrantRecord, self._grant)
        grants = self._database_bytes()
        in_redis = self._fill_redis()
        random.Random(0).shuffle(self.tokens)
        sizes = (accounts - at_first, clients - accounts, grants - clients, in_redis)
        return Bytes(*(size // self.size for size in sizes))

    def client_ids(self, count: int) -> list[str]:
        """Of clients that may get tokens for themselves."""
        return [_client_id(number) for number in random.Random(1).sample(range(self.size), count)]

    def account_ids(self, count: int) -> list[str]:
        """Of people."""
        return [_account_id(number) for number in random.Random(2).sample(range(self.size), count)]

    def _account(self, number: int) -> dict[str, Any]:
        return {"id": _account_id(number), "username": f"person{number}", "password_hash": "$argon2id$" + "0" * 87}

    def _client(self, number: int) -> dict[str, Any]:
        return {
            "client_id": _client_id(number),
            "name": f"Client {number}",
            "secret_digest": secret_digest(SECRET),
            "redirect_uris": (f"https://client{number}.example/callback",),
            "grant_types": ("authorization_code", "refresh_token", "client_credentials"),
            "scopes": (SCOPE,),
            "own_grant_id": self._grant_id(number, own=True),
        }

    def _own_grant(self, number: int) -> dict[str, Any]:
        grant_id = self._grant_id(number, own=True)
        return {"id": grant_id, "client_id": _client_id(number), "scopes": (SCOPE,), "audience": (RESOURCE,)}

    def _grant(self, number: int) -> dict[str, Any]:
        ended = number % _ENDED == 0
        return {
            "id": self._grant_id(number),
            "account_id": _account_id(number),
            "client_id": self._client_of(number),
            "scopes": (SCOPE,),
            "audience": (RESOURCE,),
            "expires_at": now() + timedelta(days=90),
            "revoked_at": now() - timedelta(hours=1) if ended else None,
            "revoked_because": RevokedBecause.CLIENT if ended else None,
        }

    def _insert(self, table: type[Base], row: Callable[[int], dict[str, Any]]) -> None:
        for numbers in self._portions(table.__tablename__):
            with self._server.parts.database.writing() as session:
                session.execute(insert(table), [row(number) for number in numbers])

    def _fill_redis(self) -> int:
        redis = self._server.parts.redis.scripts
        made = self._keys.parse(self._server.tokens(1)[0]["access_token"])
        assert made is not None
        grant: dict[str, str] = redis.hgetall(self._redis_keys.grant(made.grant_id))
        token: dict[str, str] = redis.hgetall(self._redis_keys.access_token(made.grant_id, made.digest))
        uses: dict[str, str] = redis.hgetall(self._redis_keys.uses(made.grant_id))
        ends_at = int(grant["expires_at"])
        token["expires_at"] = str(ends_at // 1000)
        before = redis.info("memory")["used_memory"]
        for numbers in self._portions("grants in Redis"):
            with redis.pipeline(transaction=False) as pipeline:
                for number in numbers:
                    if number % _ENDED == 0:
                        continue
                    grant_id = self._grant_id(number)
                    access, refresh = self._digests(number, grant_id)
                    client, account = self._client_of(number), _account_id(number)
                    claims = AccessTokenClaims(client, account, f"person{number}", (RESOURCE,), SCOPE)
                    mine = {"client_id": client, "subject": account, "current": refresh, "access_digest": access}
                    grant_key = self._redis_keys.grant(grant_id)
                    token_key = self._redis_keys.access_token(grant_id, access)
                    pipeline.hset(grant_key, mapping={**grant, **mine})
                    pipeline.pexpireat(grant_key, ends_at)
                    pipeline.hset(token_key, mapping={**token, "claims": dump_claims(claims)})
                    pipeline.pexpireat(token_key, ends_at)
                    pipeline.hset(self._redis_keys.uses(grant_id), mapping=uses)
                    pipeline.pexpireat(self._redis_keys.uses(grant_id), ends_at)
                pipeline.execute()
        return int(redis.info("memory")["used_memory"]) - int(before)

    def _digests(self, number: int, grant_id: str) -> tuple[str, str]:
        """Of the grant's access and refresh token. Tokens that nobody will use are only digests."""
        if number not in self._active:
            return token_digest(secrets.token_hex(4)), token_digest(secrets.token_hex(4))
        kinds = (TokenKind.ACCESS_TOKEN, TokenKind.REFRESH_TOKEN)
        access, refresh = (self._keys.make(kind, grant_id, 1) for kind in kinds)
        self.tokens.append(Tokens(access.text, refresh.text))
        return access.digest, refresh.digest

    def _client_of(self, number: int) -> str:
        return self._server.client.client_id if number in self._active else _client_id(number)

    def _grant_id(self, number: int, *, own: bool = False) -> str:
        """Spread over all that ids can be, as random ones are."""
        return f"{(2 * number + own + 1) * (2**128 // (2 * self.size + 2)):032x}"

    def _database_bytes(self) -> int:
        with self._server.parts.database.reading() as session:
            pages = session.scalar(text("SELECT page_count FROM pragma_page_count"))
            return int(pages or 0) * 4096

    def _portions(self, of_what: str) -> Iterator[Iterable[int]]:
        for begin in range(0, self.size, _AT_ONCE):
            if begin % 250_000 == 0:
                print(f"{of_what}: {begin:,} of {self.size:,}", flush=True)
            yield range(begin, min(self.size, begin + _AT_ONCE))


def _account_id(number: int) -> str:
    return f"{SUBJECT_PREFIX}{number:022d}"


def _client_id(number: int) -> str:
    return f"client_{number:016d}"
