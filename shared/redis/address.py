"""The address of a Redis in a setting: one server, a service that Sentinels watch, or a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from redis.connection import SSLConnection, parse_url

Place = tuple[str, int]
"""Host and port."""

_PORTS = {"single": 6379, "cluster": 6379, "sentinel": 26379}
_SCHEMES = "redis://, rediss://, unix://, redis+sentinel://, rediss+sentinel://, redis+cluster:// or rediss+cluster://"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """What a URL says. Redis-py's own names and types for what it says of each connection."""

    kind: Literal["single", "sentinel", "cluster"]
    url: str
    hosts: tuple[Place, ...] = ()
    """The Sentinels, or some nodes of the cluster."""
    service: str = ""
    """What the Sentinels call the master."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of connections to Redis itself: user, password, database, TLS."""
    sentinel_options: Mapping[str, Any] = field(default_factory=dict)
    """Of connections to the Sentinels."""


def redis_address(url: str) -> RedisAddress:
    """Read a URL. Raises ValueError, whose text quotes nothing of a password.

    The forms of several hosts are `redis+sentinel://[user:password@]host:port,host:port/service[/db]` and
    `redis+cluster://[user:password@]host:port,host:port`; with `rediss` all connections are TLS. User and password are
    Redis'; those of the Sentinels are `sentinel_username` and `sentinel_password` in the query.
    """
    scheme, _, kind = url.partition("://")[0].partition("+")
    if (
        scheme not in {"redis", "rediss", "unix"}
        or kind not in {"", "sentinel", "cluster"}
        or (scheme, bool(kind))
        == (
            "unix",
            True,
        )
    ):
        raise ValueError(f"must begin with {_SCHEMES}")
    try:
        if not kind:
            _ = urlsplit(url).port
            return RedisAddress("single", url)
        return _of_several(url, scheme, kind)
    except _UnusableError:
        raise
    except ValueError:  # whose text may quote a piece of a password
        raise ValueError("has no usable host and port; in a password, write @ : / as %40 %3A %2F") from None


class _UnusableError(ValueError):
    """Says itself what is wrong."""


def _of_several(url: str, scheme: str, kind: str) -> RedisAddress:
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    places = tuple(_place(host, _PORTS[kind]) for host in hosts.split(","))
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    sentinels = {
        name: query.pop(f"sentinel_{name}") for name in ("username", "password") if f"sentinel_{name}" in query
    }
    service, database = _path(parts, kind)
    options = parse_url(  # type: ignore[no-untyped-call]
        f"{scheme}://{credentials}{at}host:1/{database}?{urlencode(query)}"
    )
    del options["host"], options["port"]
    tls = {name: options.pop(name) for name in list(options) if name.startswith("ssl_")}
    if options.pop("connection_class", None) is SSLConnection:
        tls["ssl"] = True
    elif tls:
        raise _UnusableError("has options for TLS, and so must begin with rediss")
    if kind == "cluster":
        if sentinels or options.pop("db", 0):
            raise _UnusableError("names a cluster, which has no Sentinels and no database but 0")
        return RedisAddress("cluster", url, places, options={**options, **tls})
    return RedisAddress("sentinel", url, places, service, {**options, **tls}, {**sentinels, **tls})


def _place(host: str, default_port: int) -> Place:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError(host)
    return parts.hostname, parts.port or default_port


def _path(parts: SplitResult, kind: str) -> tuple[str, str]:
    """The service that Sentinels know, and the database."""
    words = [unquote(word) for word in parts.path.split("/")[1:] if word]
    if kind == "sentinel":
        if not words:
            raise _UnusableError("must name what the Sentinels call the master: redis+sentinel://host:26379/service")
        service, words = words[0], words[1:]
    else:
        service = ""
    if len(words) > 1 or not all(word.isdecimal() for word in words):
        raise _UnusableError("has a path that names no database")
    return service, words[0] if words else "0"
