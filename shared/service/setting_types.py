"""What settings may hold, where several services have such a setting."""

import base64
import binascii
import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from shared.redis.address import redis_address


def _comma_separated(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_comma_separated)]
"""Such a setting may hold several values."""


def key_bytes(key: str) -> bytes:
    """Read a base64url key with or without padding. Raises ValueError."""
    return base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)


def _strong_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    for key in keys:
        try:
            strong = len(key_bytes(key)) >= 32
        except (binascii.Error, ValueError):
            strong = False
        if not strong:
            raise ValueError("each key must be at least 32 bytes in base64url")
    if len(set(keys)) != len(keys):
        raise ValueError("holds one key twice")
    return keys


KeyRing = Annotated[CommaSeparated, AfterValidator(_strong_keys)]
"""Keys of at least 32 bytes: the first is used for what is new, all for what is there."""

_HOST_NAME = re.compile(r"[A-Za-z0-9.-]+")


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if _HOST_NAME.fullmatch(name) is None:
            raise ValueError(f"{name} is no host name: letters, digits, - and . only, no port")
    return tuple(name.lower() for name in names)


HostNames = Annotated[CommaSeparated, AfterValidator(_host_names)]
"""These are host names. With other characters, such as an underscore, no request for them would ever be let in."""


def plain_address(address: str) -> SplitResult:
    """Return the parts of an address at which a service is found, and which others compare letter by letter.

    So only its usual spelling will do. Raises ValueError.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must begin with https:// (or http://) and a host")
    if _HOST_NAME.fullmatch(parts.hostname) is None:
        raise ValueError(
            "must name its host with letters, digits, - and . only; no request for another would be let in"
        )
    port = f":{parts.port}" if parts.port is not None else ""
    usual = parts._replace(netloc=f"{parts.hostname}{port}", query="", fragment="").geturl()
    if parts.username is not None or "?" in address or "#" in address:
        raise ValueError(f"must have no user, query or fragment: {usual}")
    if address != usual:
        raise ValueError(f"is compared letter by letter: write it as {usual}")
    return parts


def _origin(address: str) -> str:
    path = plain_address(address).path
    if path:
        usual = address.removesuffix(path)
        raise ValueError(f"must end with host or port, without a {'slash' if path == '/' else 'path'}: {usual}")
    return address


Origin = Annotated[str, AfterValidator(_origin)]
"""This is a service's address: scheme, host and perhaps a port."""


def _url_of(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        if not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        try:
            _ = urlsplit(url).port
        except ValueError:  # whose text may quote a piece of a password
            raise ValueError(
                "has no usable host and port; in a password, write @ : / as %40 %3A %2F; several hosts are "
                "…//user:password@/database?host=one:5432&host=two:5432"
            ) from None
        return url

    return AfterValidator(check)


def _redis_url(url: str) -> str:
    redis_address(url)
    return url


DatabaseUrl = Annotated[
    str,
    Field(description="SQLAlchemy URL: sqlite:///… or postgresql+psycopg://…"),
    _url_of("sqlite", "postgresql+psycopg"),
]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]

PgBouncer = Annotated[
    bool,
    Field(
        description="whether the database URL is a pooler's; PgBouncer is recognised without it (docs/postgresql.md)"
    ),
]
TrustedProxyCount = Annotated[int, Field(ge=0, le=8, description="how many proxies in front add X-Forwarded-… headers")]
DrainTime = Annotated[
    float, Field(ge=0, le=300, description="seconds for which it goes on, not ready, after it was told to stop")
]
LogLevel = Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR")]
MetricsToken = Annotated[str | None, Field(min_length=16, description="bearer token for /metrics; unset: no /metrics")]
