"""An app registers an https address, or an http one of this very machine. Where its name leads is checked at each
connection (`workers/webhook_sender.py`), because that may change.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from fit_service.rules.refusals import InvalidValueError
from fit_service.rules.webhooks.addresses import may_connect

MAX_LENGTH = 1000
_VISIBLE_ASCII = re.compile(rf"[\x21-\x7E]{{1,{MAX_LENGTH}}}")
_HOST_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""The last label begins with a letter: resolvers take 0x7f.1 and 2130706433 for addresses."""


def parse_url(url: object, *, allow_private: bool) -> str:
    """Read an address that messages could be sent to. Raises InvalidValueError."""
    if not isinstance(url, str) or _VISIBLE_ASCII.fullmatch(url) is None or "\\" in url:
        raise _refusal(f"an address of at most {MAX_LENGTH} visible ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refusal("an address") from None
    host = parts.hostname or ""
    if "@" in parts.netloc or "#" in url or port == 0:
        raise _refusal("an address without user, fragment or port 0")
    if not _is_ip_address(host) and _HOST_NAME.fullmatch(host) is None:
        raise _refusal("an address that names a host")
    _check_reach(parts, host, allow_private=allow_private)
    return url


def _stays_here(host: str) -> bool:
    """Whether the name can only stand for this machine (RFC 6761 §6.3)."""
    if _is_ip_address(host):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _check_reach(parts: SplitResult, host: str, *, allow_private: bool) -> None:
    if parts.scheme != "https" and not (parts.scheme == "http" and _stays_here(host)):
        raise _refusal("https; http is accepted for loopback addresses only")
    inside = _stays_here(host) or ("." not in host and not _is_ip_address(host))
    if (inside and not allow_private) or (_is_ip_address(host) and not may_connect(host, allow_private=allow_private)):
        raise _refusal("a public address: the operator of this API does not allow others")


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _refusal(needed: str) -> InvalidValueError:
    return InvalidValueError("url", f"url must be {needed}.")
