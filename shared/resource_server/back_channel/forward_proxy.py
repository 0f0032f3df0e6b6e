"""A forward proxy, where a network lets nobody out but through one.

Nothing here reads `HTTPS_PROXY` and its like: they are meant for whatever runs on a machine, while the kit does what
its caller says. `http.client` has a tunnel of its own, but under Python 3.11 it speaks HTTP/1.0, and a 407 can't be
told from an outage.
"""

import base64
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any, Self
from urllib.parse import unquote_to_bytes, urlsplit

from .refusals import proxy_wants_credentials

_FORM = "`proxy` has to be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, percent-encoded"


@dataclass(frozen=True, slots=True)
class ForwardProxy:
    """It says where the proxy is, and what that is told of us. It is spoken to without TLS."""

    host: str
    port: int
    headers: dict[str, str] = field(repr=False)
    """`Proxy-Authorization`, if it wants credentials."""

    @classmethod
    def at(cls, address: str) -> Self:
        """Read an address. Raises ValueError, whose text holds no password, for one that can't be used whole."""
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError(_FORM) from None
        if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
            raise ValueError(f"{_FORM}: it has characters that no address has")
        if parts.scheme != "http":
            raise ValueError(f"{_FORM}: only http is spoken to a proxy (through it, https is)")
        if not host or not port:
            raise ValueError(f"{_FORM}: it has no host or no port")
        if parts.path not in {"", "/"} or "?" in address or "#" in address:
            raise ValueError(f"{_FORM}: a path, a query or a fragment would not be sent")
        if "%3a" in (parts.username or "").lower():  # RFC 7617 §2
            raise ValueError(f"{_FORM}: no user's name can hold a colon")
        return cls(host, port, {} if parts.username is None else _basic(parts.username, parts.password or ""))

    def open_tunnel(self, through: Any, host: str, port: int) -> None:
        """Let what is a connection to the proxy lead to this port of a host (RFC 9110 §9.3.6).

        Raises MisconfiguredError if the proxy wants other credentials, OSError or HTTPException if it opens none.
        """
        target = authority(host, port)
        headers = "".join(f"{name}: {value}\r\n" for name, value in {"Host": target, **self.headers}.items())
        through.sendall(f"CONNECT {target} HTTP/1.1\r\n{headers}\r\n".encode("ascii"))
        response = HTTPResponse(through, method="CONNECT")
        try:
            response.begin()
        finally:
            response.close()
        if response.status == 407:
            raise proxy_wants_credentials(host)
        if not 200 <= response.status < 300:
            raise ConnectionError(f"the proxy at {self.host} answered {response.status} instead of leading to {target}")


def authority(host: str, port: int) -> str:
    """Return a host with its port, as it stands in an address (RFC 3986 §3.2)."""
    name = host.encode("idna").decode("ascii")
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _basic(user: str, password: str) -> dict[str, str]:
    credentials = base64.b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode()
    return {"Proxy-Authorization": f"Basic {credentials}"}
