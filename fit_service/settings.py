"""An operator can set these. They are read once from `FIT_…` variables.

Each setting says what it means here; README.md lists them in a table that a test compares with this file.
"""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from shared.service.environment import EnvironmentSettings
from shared.service.setting_types import (
    CommaSeparated,
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
    plain_address,
)


class Settings(EnvironmentSettings):
    """The Fit API's settings."""

    prefix = "FIT_"

    resource: str = Field(
        description="this API's identifier, an audience of tokens: its public base URL with path /api/"
    )
    issuer: Origin = Field(description="the authorization server as clients see it; tokens must come from it")
    client_id: str = Field(description="the name under which this resource server is registered")
    client_secret: str = Field(min_length=1, description="its password at the introspection endpoint")
    database_url: DatabaseUrl

    pgbouncer: PgBouncer = False
    auth_url: str | None = Field(
        None, description="where the authorization server is reached from here; unset: at issuer"
    )
    follow_revocations: bool = Field(
        True, description="remember what introspection answered and follow the revocation feed to learn what to forget"
    )
    introspection_max_age: float = Field(
        0.0, ge=0, le=60, description="if the feed isn't followed: for how long an answer may be used again"
    )
    introspection_deadline: float = Field(
        1.0, gt=0, le=30, description="seconds a validation may take before it is a 503"
    )
    rate_limit: int = Field(600, ge=0, description="requests a minute of one client for one person; 0: any number")
    invalid_token_limit: int = Field(
        600,
        ge=0,
        description="invalid tokens a minute from one network, then unknown ones are refused; 0: any number",
    )
    dpop_nonce_required: bool = Field(
        False, description="whether DPoP proofs must carry a nonce of ours, so that none can be made in advance"
    )
    redis_url: RedisUrl | None = Field(
        None,
        description="like AUTH_REDIS_URL: where all processes count and remember used proofs; unset: each by itself",
    )
    cors_origins: CommaSeparated = Field(
        (), description="origins, or *, from which scripts in browsers may read answers; the documentation needs none"
    )
    docs_client_id: str | None = Field(
        None, description="the public client as which /docs asks for tokens; unset: calls can't be tried there"
    )
    import_limit: int = Field(
        1024 * 1024, ge=1024, description="bytes that an imported file may have; seven times that when it is unpacked"
    )
    webhook_lifetime: int = Field(
        30 * 86_400, ge=3_600, description="seconds after which an app must have renewed a webhook"
    )
    webhook_keys: KeyRing = Field(
        (),
        description="key ring like AUTH_TOKEN_KEYS: the first encrypts webhooks' signing secrets in SQL, all decrypt; "
        "unset: they are stored as they are",
    )
    webhook_allow_private: bool = Field(
        False, description="let webhooks lead to private and loopback addresses: for trying out, never for strangers"
    )
    trusted_hosts: HostNames = Field((), description="host names, beside the resource's, under which it may be called")
    trusted_proxies: TrustedProxyCount = 0
    drain_time: DrainTime = 0
    log_level: LogLevel = "INFO"
    metrics_token: MetricsToken = None

    @field_validator("resource")
    @classmethod
    def _resource_is_the_base_of_the_api(cls, resource: str) -> str:
        parts = plain_address(resource)
        if parts.path != "/api/":
            raise ValueError(f"must have the path /api/ and no other: {parts.scheme}://{parts.netloc}/api/")
        return resource

    @field_validator("auth_url")
    @classmethod
    def _authorization_server_is_an_address(cls, url: str | None) -> str | None:
        if url is not None:
            plain_address(url)
        return url

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_as_browsers_write_them(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if origin != "*" and (not parts.hostname or origin != f"{parts.scheme}://{parts.netloc.lower()}"):
                raise ValueError("must be * or scheme://host[:port]")
        return origins

    @property
    def collection(self) -> str:
        """It is the address of the entries, which has a description of its own (RFC 9728)."""
        return f"{self.resource}body_weight/"

    @property
    def origin(self) -> str:
        """It is the scheme and the host of every address here."""
        return self.resource.removesuffix(urlsplit(self.resource).path)

    @property
    def host_names(self) -> list[str]:
        """A request may arrive under any of these host names."""
        return [str(urlsplit(self.resource).hostname), *self.trusted_hosts]
