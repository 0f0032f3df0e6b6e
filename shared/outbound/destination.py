"""An address that somebody gives us to connect to is https, or http of this very machine. Where its name leads is
checked at each connection (`connection.py`), because that may change.
"""

import re
from urllib.parse import SplitResult, urlsplit

from shared.outbound.addresses import is_ip_address, may_connect, stays_here

MAX_LENGTH = 1000
_VISIBLE_ASCII = re.compile(r"[\x21-\x7E]+")
_HOST_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""The last label begins with a letter: resolvers take 0x7f.1 and 2130706433 for addresses."""


def needed_of(url: object, *, allow_private: bool, longest: int = MAX_LENGTH) -> str | None:
    """Say what the address would have to be, in words that go on from "must be"; None if it is good."""
    if not isinstance(url, str) or len(url) > longest or _VISIBLE_ASCII.fullmatch(url) is None or "\\" in url:
        return f"an address of at most {longest} visible ASCII characters"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "an address"
    host = parts.hostname or ""
    if "@" in parts.netloc or "#" in url or port == 0:
        return "an address without user, fragment or port 0"
    if not is_ip_address(host) and _HOST_NAME.fullmatch(host) is None:
        return "an address that names a host"
    return _needed_of_reach(parts, host, allow_private=allow_private)


def _needed_of_reach(parts: SplitResult, host: str, *, allow_private: bool) -> str | None:
    if parts.scheme != "https" and not (parts.scheme == "http" and stays_here(host)):
        return "https; http is accepted for loopback addresses only"
    inside = stays_here(host) or ("." not in host and not is_ip_address(host))
    if (inside and not allow_private) or (is_ip_address(host) and not may_connect(host, allow_private=allow_private)):
        return "a public address: the operator of this API does not allow others"
    return None
