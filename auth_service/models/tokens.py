"""Storage and protocol hand each other these values about tokens. None of them holds a token string."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant is born with a code or a device code as its first one-time credential."""

    grant_id: str
    client_id: str
    subject: str
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    expires_at: float
    """Everything that comes from this grant ends then, in epoch seconds."""
    redirect_uri: str
    """It is as the request sent it, and empty if it sent none."""
    code_challenge: str
    code_digest: str = field(repr=False)
    auth_time: int = 0
    """The person last proved who they are then, in epoch seconds."""
    nonce: str = field(default="", repr=False)
    """It is as the request sent it (OpenID Connect Core §3.1.2.1), and empty if it sent none."""
    dpop_jkt: str = ""
    """The code is bound to the key of this thumbprint (RFC 9449 §10); empty if it is bound to none."""
    methods: tuple[str, ...] = ()
    """The person proved who they are by these (RFC 8176); none are kept where a password was all."""
    acr: str | None = None
    """Clients are told this class, where it does not follow from `methods`."""


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """A grant remembers this of the authorization request that its code came from."""

    client_id: str
    redirect_uri: str
    code_challenge: str
    auth_time: int
    nonce: str = field(repr=False)
    dpop_jkt: str
    methods: tuple[str, ...]
    """The person proved who they are by these (RFC 8176)."""
    acr: str | None
    """That is of this class, by what the request asked for."""


class AccessTokenClaims(NamedTuple):
    """An access token stands for this; introspection answers it, times aside."""

    client_id: str
    sub: str
    username: str | None
    """It is None for a token that a client got for itself."""
    aud: tuple[str, ...]
    scope: str
    jkt: str = ""
    """The token is bound to the key of this thumbprint (RFC 9449); empty for a bearer token."""
    actors: tuple[str, ...] = ()
    """These clients got it for another token (RFC 8693), the latest first; empty if it was not exchanged."""


class AccessTokenRecord(NamedTuple):
    """An active access token has claims, cut down to what its grant allows now, and times in epoch seconds."""

    claims: AccessTokenClaims
    issued_at: int
    expires_at: int
    auth_time: int | None = None
    """The person proved who they are then; None where nobody noted it, and for a token that a client got for itself."""
    methods: tuple[str, ...] = ()
    """They did so by these (RFC 8176); empty where a password was all."""
    acr: str | None = None
    """That is of this class; None where a password was all."""


class Repeatable(NamedTuple):
    """Two requests are the same one if these digests are (draft-ietf-httpapi-idempotency-key-header).

    Without a key only the client's policy lets it repeat. Where nothing does, both are empty.
    """

    idempotency_key: str = ""
    parameters: str = ""


class Retry(StrEnum):
    """A refresh token may come once more without an Idempotency-Key, by the client's policy and what it proves."""

    NEVER = "never"
    UNPROVEN = "unproven"
    """The pair is given again while it is unused, for a short while. In doubt, nothing is given and nothing ends."""
    PROVEN = "proven"
    """The pair is given again as long as it is unused, and for a few seconds after its first use."""


class Rotation(NamedTuple):
    """A one-time credential is about to be spent, and this shall follow it."""

    grant_id: str
    generation: int
    digest: str
    client_id: str
    nonce: str
    key_id: str
    access_digest: str
    refresh_digest: str
    """It is empty where no refresh token is issued."""
    claims: AccessTokenClaims
    repeatable: Repeatable
    access_token_lifetime: int
    idle_lifetime: int
    retry: Retry = Retry.NEVER
    binds_refresh_token: bool = False
    """It says whether the refresh token is bound to the key of `claims`, as a public client's is (RFC 9449 §5)."""
    network: str = ""
    """The request came from this network, a prefix, and the next from that program (`models/caller.py`)."""
    program: str = ""


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A one-time credential was spent: a code or device code (generation 0), or a refresh token."""

    generation: int
    at: int
    """It is in epoch seconds, of Redis' clock."""
    network: str
    program: str


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens are stored as asked for. Times are in epoch seconds, of Redis' clock."""

    now: int
    issued_at: int
    """It is the same for each repetition of an answer."""
    expires_at: int

    @property
    def expires_in(self) -> int:
        """The access token has so many seconds left; 1 if a repeated answer comes when it has run out.

        Several client libraries take 0 for "never expires".
        """
        return max(1, self.expires_at - self.now)


@dataclass(frozen=True, slots=True)
class IssuedToClient(Issued):
    """A token that a client got for itself is stored."""

    born: str
    """It marks a birth of the client's own grant; empty for a grant from before there was such a mark."""
    confirmed: bool
    """It says whether SQL was asked, since that birth, if the client is still there."""


@dataclass(frozen=True, slots=True)
class Replayed(Issued):
    """The same request had already been answered; from this, the same answer is derived again."""

    nonce: str
    key_id: str
    access_digest: str
    """Of this and the next, the beginning is kept: enough to tell the tokens from any others."""
    refresh_digest: str
    """It is empty where no refresh token was issued."""
    scope: str


class NotRotated(StrEnum):
    """A credential was not spent, for this reason."""

    GONE = "gone"
    """Its grant has expired or was ended."""
    WRONG_CLIENT = "wrong_client"
    WRONG_KEY = "wrong_key"
    """It is bound to a key that the request doesn't prove to hold. Nothing was spent."""
    KEY_MISUSED = "key_misused"
    """The Idempotency-Key stands for another request. Nothing was spent."""
    OTHER_REQUEST = "other_request"
    """It was spent a moment ago by a request with other parameters, or with another key. Nothing was ended."""
    TOO_SOON = "too_soon"
    """It was spent a moment ago by a request that this one may have been a repetition of. Nothing was ended."""
    REUSED = "reused"
    """It had been spent before. The grant has ended."""


class NotExchanged(StrEnum):
    """Nothing was got for a token (RFC 8693), for this reason."""

    GONE = "gone"
    """It, or its grant, has expired or was ended."""
    TOO_MANY = "too_many"
    """So many others were got for it, and still live, that they would be hard to end."""


class RevokedBecause(StrEnum):
    """A grant was ended for this reason, which is part of its record and of the revocation log."""

    CLIENT = "client"
    """The client handed its token back (RFC 7009)."""
    REUSE = "reuse"
    PERSON = "person"
    """A person cut it off on the connected-apps page."""
    ACCOUNT_DISABLED = "account_disabled"
    PASSWORD_CHANGED = "password_changed"
    CLIENT_DELETED = "client_deleted"
    OPERATOR = "operator"
