"""An operator can set these. They are read once from `AUTH_…` variables; every lifetime is in seconds.

Each setting says what it means here; README.md lists them in a table that a test compares with this file.
"""

import ipaddress
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from auth_service.models.smtp_server import sender_address, smtp_server
from shared.redis.address import redis_address
from shared.redis.shards import refuse_other_shards
from shared.service.environment import EnvironmentSettings, SettingsError
from shared.service.setting_types import (
    DatabaseUrl,
    DrainTime,
    HostNames,
    KeyRing,
    LogLevel,
    MetricsToken,
    Origin,
    PgBouncer,
    RedisUrl,
    TrustedProxyCount,
    key_bytes,
)

SMALLEST_CLUSTER = 3
"""A cluster has at least so many masters: fewer can't agree on a failover."""


class Settings(EnvironmentSettings):
    """These are the authorization server's settings."""

    prefix = "AUTH_"

    issuer: Origin = Field(description="what clients see as `iss`, the base of every endpoint's address")
    database_url: DatabaseUrl
    redis_url: RedisUrl = Field(
        description="redis://…, redis+sentinel://…/service or redis+cluster://…; rediss for TLS (docs/redis.md)"
    )
    token_keys: KeyRing = Field(
        description="key ring, 32 bytes each in base64url, comma-separated: the first makes tokens, all verify"
    )
    pgbouncer: PgBouncer = False
    redis_shards: int = Field(
        1, ge=1, le=128, description="slots over which grants are spread in a cluster, once for all: 64 (docs/redis.md)"
    )
    compact_grants: bool = Field(
        False, description="grants take less than half of Redis' memory; on once no process is older (docs/redis.md)"
    )

    access_token_lifetime: int = Field(
        600, ge=1, le=86_400, description="how long an access token lives, unless its client has its own"
    )
    refresh_token_idle_lifetime: int = Field(30 * 86_400, ge=1, description="unused for so long, a grant ends")
    grant_lifetime: int = Field(180 * 86_400, ge=1, description="however much it is used, a grant ends after this")
    revocation_log_lifetime: int = Field(
        90_000,
        ge=61,
        description="how long resource servers can learn of a revocation; longer than any access token",
    )
    waiting_polls: int = Field(
        6, ge=0, description="how many polls of the revocation feed may wait in one process, each holding a thread"
    )
    code_lifetime: int = Field(60, ge=1, le=600, description="how long an app may take to exchange a code")
    authorization_request_lifetime: int = Field(
        900, ge=10, description="how long a person may take to sign in and decide"
    )
    consent_lifetime: int = Field(
        180 * 86_400, ge=0, description="a consent that was given longer ago is asked for again; 0: each time"
    )
    session_idle_lifetime: int = Field(1_800, ge=1, description="unused for so long, a browser session ends")
    session_lifetime: int = Field(43_200, ge=1, description="a browser session ends after this in any case")
    remembered_session_lifetime: int = Field(
        30 * 86_400,
        ge=0,
        le=400 * 86_400,  # no browser keeps a cookie for longer
        description="after this one ends whose person asked to stay signed in, used or not; 0: nobody is offered that",
    )

    account_deletion_grace: int = Field(
        14 * 86_400,
        ge=1,
        description="an operator can restore a deleted account for so long; then it is erased, and APIs are told",
    )

    registration: Literal["closed", "token", "open"] = Field(
        "closed", description="who may register clients at /register: nobody, who has an initial access token, anybody"
    )
    registered_client_retry: Literal["strict", "until-used"] = Field(
        "strict", description="whether refresh tokens of clients that register themselves may come again until used"
    )
    registered_private_schemes: bool = Field(
        False, description="whether, where anybody may register, apps may have addresses like com.example.app:/callback"
    )
    client_id_metadata_documents: HostNames = Field(
        ("off",),
        description="off, open, or hosts: whose documents describe clients that nobody registered (docs/clients.md)",
    )
    client_documents_on_loopback: bool = Field(
        False, description="whether such documents may lie on this machine: for trying out, never for strangers"
    )
    unused_client_lifetime: int = Field(
        30 * 86_400, ge=1, description="a client that registered itself and was allowed nothing runs out after this"
    )
    dpop_nonce_required: bool = Field(
        False, description="whether DPoP proofs must carry a nonce of ours, so that none can be made in advance"
    )

    help_contact: str | None = Field(
        None, max_length=200, description="whom people ask who forgot their password; unset: whoever runs this service"
    )
    smtp_url: str | None = Field(
        None,
        description="smtps://user:password@host, smtp://… or smtp+plain://…; unset: no mail (docs/operations.md)",
    )
    mail_sender: str | None = Field(None, description="whom mail is from: Moogle <no-reply@example.org>")
    sign_up: bool = Field(False, description="whether anybody may have an account who confirms an e-mail address")
    trusted_hosts: HostNames = Field(
        (), description="back-channel host names, beside the issuer's, under which the service may be called"
    )
    trusted_proxies: TrustedProxyCount = 0
    reconcile_interval: float = Field(5.0, gt=0, description="how often recent revocations are repeated in Redis")
    drain_time: DrainTime = 0
    log_level: LogLevel = "INFO"
    metrics_token: MetricsToken = None

    @field_validator("issuer")
    @classmethod
    def _issuer_is_secure(cls, issuer: str) -> str:
        """Demand https (RFC 8414 §2); http is for trying out on this machine."""
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not is_loopback(str(parts.hostname)):
            raise ValueError("must be https; http is accepted for localhost and loopback addresses only")
        return issuer

    @field_validator("token_keys")
    @classmethod
    def _there_is_a_key(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not keys:
            raise ValueError("needs at least one key; make one with: openssl rand -base64 32 | tr +/ -_")
        return keys

    @field_validator("client_id_metadata_documents")
    @classmethod
    def _whose_documents(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if not hosts or ({"off", "open"} & set(hosts) and len(hosts) > 1):
            raise ValueError("is off, open, or host names")
        return hosts

    @field_validator("smtp_url", "mail_sender", mode="before")
    @classmethod
    def _nothing_is_none(cls, text: str | None) -> str | None:
        """Compose gives what is not set as nothing."""
        return text or None

    @field_validator("smtp_url")
    @classmethod
    def _names_a_mail_server(cls, url: str | None) -> str | None:
        if url is not None:
            smtp_server(url)
        return url

    @field_validator("mail_sender")
    @classmethod
    def _can_be_a_sender(cls, text: str | None) -> str | None:
        if text is not None:
            sender_address(text)
        return text

    @model_validator(mode="after")
    def _mail_is_set_up(self) -> Self:
        if (self.smtp_url is None) != (self.mail_sender is None):
            raise ValueError("AUTH_SMTP_URL and AUTH_MAIL_SENDER go together: set both, or neither")
        if self.sign_up and self.smtp_url is None:
            raise ValueError("AUTH_SIGN_UP needs AUTH_SMTP_URL: who makes an account has to confirm an address")
        return self

    @model_validator(mode="after")
    def _lifetimes_nest(self) -> Self:
        if self.refresh_token_idle_lifetime > self.grant_lifetime:
            raise ValueError("AUTH_REFRESH_TOKEN_IDLE_LIFETIME must not exceed AUTH_GRANT_LIFETIME")
        if self.access_token_lifetime >= self.revocation_log_lifetime:
            raise ValueError("AUTH_REVOCATION_LOG_LIFETIME must exceed AUTH_ACCESS_TOKEN_LIFETIME")
        if 0 < self.remembered_session_lifetime < self.session_lifetime:
            raise ValueError("AUTH_REMEMBERED_SESSION_LIFETIME must not be less than AUTH_SESSION_LIFETIME, or 0")
        if self.account_deletion_grace < self.revocation_log_lifetime:  # until then ends are repeated from its records
            raise ValueError("AUTH_ACCOUNT_DELETION_GRACE must not be less than AUTH_REVOCATION_LOG_LIFETIME")
        return self

    @model_validator(mode="after")
    def _shards_fill_a_cluster(self) -> Self:
        if redis_address(self.redis_url).kind == "cluster" and self.redis_shards < SMALLEST_CLUSTER:
            raise ValueError(
                "AUTH_REDIS_SHARDS must be at least the number of the cluster's masters, and can't be changed later: 64"
            )
        return self

    @property
    def secure(self) -> bool:
        """People reach us over TLS: that decides `Secure` and `__Host-`."""
        return self.issuer.startswith("https://")

    @property
    def host_names(self) -> list[str]:
        """A request may arrive under these host names."""
        return [str(urlsplit(self.issuer).hostname), *self.trusted_hosts]

    def token_key_bytes(self) -> list[bytes]:
        """It is the key ring, decoded."""
        return [key_bytes(key) for key in self.token_keys]


def check_at_start(settings: Settings) -> None:
    """Ask Redis whether the number of shards is the one it was filled with, and enough for its masters.

    Raises shared.service.environment.SettingsError.
    """
    try:
        refuse_other_shards(settings.redis_url, settings.redis_shards)
    except ValueError as refusal:
        raise SettingsError(str(refusal)) from None


def is_loopback(host: str) -> bool:
    """Say whether `host` can only be this machine (RFC 8252 §7.3 and `localhost`)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
