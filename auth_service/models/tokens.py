"""Values about tokens that storage and protocol hand each other. None of them holds a token string."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant as it is born, with a code or a device code as its first one-time credential."""

    grant_id: str
    client_id: str
    subject: str
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    expires_at: float
    """Epoch seconds: the end of everything that comes from this grant."""
    redirect_uri: str
    """As the request sent it; empty if it sent none."""
    code_challenge: str
    code_digest: str = field(repr=False)
    auth_time: int = 0
    """When the person last proved who they are, in epoch seconds."""
    nonce: str = field(default="", repr=False)
    """As the request sent it (OpenID Connect Core §3.1.2.1); empty if it sent none."""
    dpop_jkt: str = ""
    """The thumbprint of the key that the code is bound to (RFC 9449 §10); empty if it is bound to none."""


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """What a grant remembers of the authorization request that its code came from."""

    client_id: str
    redirect_uri: str
    code_challenge: str
    auth_time: int
    nonce: str = field(repr=False)
    dpop_jkt: str


@dataclass(frozen=True, slots=True)
class AccessTokenClaims:
    """Whom and what an access token stands for; what introspection answers, times aside."""

    client_id: str
    sub: str
    username: str | None
    """None for a token that a client got for itself."""
    aud: tuple[str, ...]
    scope: str
    jkt: str = ""
    """The thumbprint of the key that the token is bound to (RFC 9449); empty for a bearer token."""
    actors: tuple[str, ...] = ()
    """The clients that got it for another token (RFC 8693), the latest first; empty if it was not exchanged."""


@dataclass(frozen=True, slots=True)
class AccessTokenRecord:
    """An active access token: its claims, cut down to what its grant allows now, and its times in epoch seconds."""

    claims: AccessTokenClaims
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Repeatable:
    """What makes two requests the same one (draft-ietf-httpapi-idempotency-key-header), as digests.

    Without a key both are empty and only the client's grace period lets it repeat.
    """

    idempotency_key: str = ""
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A one-time credential about to be spent, and what shall follow it."""

    grant_id: str
    generation: int
    digest: str
    client_id: str
    nonce: str
    key_id: str
    access_digest: str
    refresh_digest: str
    """Empty where no refresh token is issued."""
    claims: AccessTokenClaims
    repeatable: Repeatable
    access_token_lifetime: int
    idle_lifetime: int
    grace_period: int
    binds_refresh_token: bool = False
    """Whether the refresh token is bound to the key of `claims`, as a public client's is (RFC 9449 §5)."""


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens are stored as asked for. Times in epoch seconds, of Redis' clock."""

    now: int
    issued_at: int
    """The same for each repetition of an answer."""
    expires_at: int

    @property
    def expires_in(self) -> int:
        """Seconds that the access token has left; 1 if a repeated answer comes when it has run out.

        Several client libraries take 0 for "never expires".
        """
        return max(1, self.expires_at - self.now)


@dataclass(frozen=True, slots=True)
class IssuedToClient(Issued):
    """A token that a client got for itself is stored."""

    born: str
    """Which birth of the client's own grant it belongs to; empty for a grant from before there was such a mark."""
    confirmed: bool
    """Whether SQL was asked, since that birth, if the client is still there."""


@dataclass(frozen=True, slots=True)
class Replayed(Issued):
    """The same request had already been answered: what is needed to derive the same answer again."""

    nonce: str
    key_id: str
    access_digest: str
    refresh_digest: str
    scope: str


class NotRotated(StrEnum):
    """Why a credential was not spent."""

    GONE = "gone"
    """Its grant has expired or was ended."""
    WRONG_CLIENT = "wrong_client"
    WRONG_KEY = "wrong_key"
    """It is bound to a key that the request doesn't prove to hold. Nothing was spent."""
    KEY_MISUSED = "key_misused"
    """The Idempotency-Key stands for another request. Nothing was spent."""
    REUSED = "reused"
    """It had been spent before. The grant has ended."""


class NotExchanged(StrEnum):
    """Why nothing was got for a token (RFC 8693)."""

    GONE = "gone"
    """It, or its grant, has expired or was ended."""
    TOO_MANY = "too_many"
    """So many others were got for it, and still live, that they would be hard to end."""


class RevokedBecause(StrEnum):
    """Why a grant was ended; part of its record and of the revocation log."""

    CLIENT = "client"
    """The client handed its token back (RFC 7009)."""
    REUSE = "reuse"
    PERSON = "person"
    """Cut off on the connected-apps page."""
    ACCOUNT_DISABLED = "account_disabled"
    PASSWORD_CHANGED = "password_changed"
    CLIENT_DELETED = "client_deleted"
    OPERATOR = "operator"
