"""A client at the level of the store: holds a grant's code or refresh token and spends it."""

import secrets
import time
from dataclasses import dataclass, field

from auth_service.crypto.token_handle import TokenHandle, TokenKeyRing, TokenKind, new_grant_id
from auth_service.models.ending import EndedAccessToken, EndedGrant
from auth_service.models.tokens import (
    AccessTokenClaims,
    Issued,
    NewGrant,
    NotRotated,
    Repeatable,
    Replayed,
    Retry,
    RevokedBecause,
    Rotation,
)
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_keys import log_key
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.support.told_redis import SHARDS

KEPT = 22
"""So many characters of a digest are compared."""
AUDIENCE = ("http://localhost:8001/api/",)
KEYS = TokenKeyRing([b"k" * 32])


@dataclass(frozen=True)
class Spent:
    """What came of one use. The handles are what was proposed; they exist only if the outcome is Issued."""

    outcome: Issued | Replayed | NotRotated
    access: TokenHandle
    refresh: TokenHandle


def stores(
    clients: RedisClients, shards: int, log_lifetime: int, *, compact: bool = True
) -> tuple[GrantStore, GrantEnds]:
    return GrantStore(clients, shards, compact=compact), GrantEnds(clients, shards, log_lifetime, compact=compact)


@dataclass
class Holder:
    """One grant and its client; lifetimes in seconds."""

    store: GrantStore
    ends: GrantEnds
    keys: TokenKeyRing
    code_lifetime: int = 60
    grant_lifetime: float = 3600
    access_lifetime: int = 600
    idle_lifetime: int = 1800
    name: str | None = "mo's name"
    audience: tuple[str, ...] = AUDIENCE
    nonce: str = "a nonce"
    grant_id: str = field(default_factory=new_grant_id)

    def __post_init__(self) -> None:
        self.code = self.keys.make(TokenKind.AUTHORIZATION_CODE, self.grant_id, 0)
        self.store.create(
            NewGrant(
                grant_id=self.grant_id,
                client_id="app",
                subject="mo",
                scopes=("read", "write"),
                audience=AUDIENCE,
                expires_at=time.time() + self.grant_lifetime,
                redirect_uri="http://127.0.0.1/callback",
                code_challenge="a challenge",
                nonce=self.nonce,
                code_digest=self.code.digest,
            ),
            self.code_lifetime,
        )

    def spend(
        self,
        credential: TokenHandle,
        *,
        client_id: str = "app",
        scope: str = "read write",
        key: str = "",
        parameters: str = "the same",
        retry: Retry = Retry.NEVER,
        jkt: str = "",
        public: bool = True,
        refreshes: bool = True,
        network: str = "",
        program: str = "",
    ) -> Spent:
        """Use a code or a refresh token; its reuse ends the grant, as the protocol sees to."""
        nonce, key_id = secrets.token_bytes(16), self.keys.newest_key_id
        access = self.keys.derive(TokenKind.ACCESS_TOKEN, credential, nonce, key_id)
        refresh = self.keys.derive(TokenKind.REFRESH_TOKEN, credential, nonce, key_id)
        assert access is not None
        assert refresh is not None
        rotation = Rotation(
            grant_id=credential.grant_id,
            generation=credential.generation,
            digest=credential.digest,
            client_id=client_id,
            nonce=nonce.hex(),
            key_id=key_id,
            access_digest=access.digest,
            refresh_digest=refresh.digest if refreshes else "",
            claims=AccessTokenClaims(client_id, "mo", self.name, self.audience, scope, jkt),
            repeatable=Repeatable(key, parameters if key or retry != Retry.NEVER else ""),
            access_token_lifetime=self.access_lifetime,
            idle_lifetime=self.idle_lifetime,
            retry=retry,
            binds_refresh_token=public,
            network=network,
            program=program,
        )
        outcome = self.store.rotate(rotation)
        if outcome is NotRotated.REUSED:
            self.revoke(RevokedBecause.REUSE)
        return Spent(outcome, access, refresh)

    def connect(self, **options: str) -> Spent:
        """Exchange the code."""
        spent = self.spend(self.code, **options)  # type: ignore[arg-type]
        assert type(spent.outcome) is Issued
        return spent

    def is_active(self, access: TokenHandle) -> bool:
        return self.store.find_access_token(access) is not None

    def revoke(self, because: RevokedBecause = RevokedBecause.PERSON) -> None:
        self.ends.revoke_grants([EndedGrant(self.grant_id, "app", "mo", AUDIENCE, because)])

    def revoke_access_token(self, token: TokenHandle, client_id: str = "app") -> None:
        self.ends.revoke_access_tokens([EndedAccessToken(self.grant_id, token.digest, client_id, "mo", AUDIENCE)])


def grant_key(clients: RedisClients, holder: Holder) -> str:
    (key,) = clients.reads.keys(f"grant:*:{holder.grant_id}")
    return str(key)


def is_pair(replayed: Replayed, spent: Spent) -> bool:
    """Whether these are the tokens that are answered again."""
    stored = (replayed.access_digest, replayed.refresh_digest)
    return stored == (spent.access.digest[:KEPT], spent.refresh.digest[:KEPT])


def log_of(clients: RedisClients, holder: Holder) -> list[dict[str, str]]:
    """What resource servers will hear of the grant, oldest first."""
    entries = clients.reads.xrange(log_key(int(holder.grant_id, 16) % SHARDS))
    return [fields for _, fields in entries if fields["grant_id"] == holder.grant_id]


def own_token(store: GrantStore, grant_id: str, lifetime: int) -> tuple[bool, TokenHandle]:
    """A client gets a token for itself: whether SQL has to be asked about the client, and the token."""
    token = KEYS.make(TokenKind.ACCESS_TOKEN, grant_id, 0)
    claims = AccessTokenClaims("app", "app", None, AUDIENCE, "read")
    issued = store.issue_client_token(grant_id, token.digest, claims, ("read", "write"), AUDIENCE, 0, lifetime)
    assert issued is not None
    assert issued.expires_in == lifetime
    if not issued.confirmed:
        store.confirm_client(grant_id, issued.born)
    return not issued.confirmed, token
