"""Who sends a request is noted by network and program: enough to tell one from another, and little about a person."""

import re
from functools import lru_cache
from ipaddress import ip_address, ip_network

from shared.service.client_network import client_network

_KEPT_BITS = {4: 24, 6: 48}
_LONGEST_NETWORK = 64
_LOOKED_AT = 300
"""Of a User-Agent so many characters are looked at."""
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
"""The first of these that is in a User-Agent names the browser: most name others too, to be taken for them."""
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,19}")
"""What other programs begin with (RFC 9110 §10.1.5), without its version."""


def network_of(address: str) -> str | None:
    """Return the network to which everything is counted and logged that comes from there, if it is known."""
    return client_network(address)[:_LONGEST_NETWORK] or None


@lru_cache(1_000)
def network_prefix(address: str) -> str:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 address; nothing for what is no address."""
    try:
        parsed = ip_address(client_network(address).partition("/")[0])
    except ValueError:
        return ""
    return str(ip_network((parsed.packed, _KEPT_BITS[parsed.version]), strict=False))


def program_of(user_agent: str | None) -> str:
    """Return a short name of the program that sends this User-Agent, such as "Firefox on Linux" or "okhttp".

    Anybody can send any; what can't be recognised is nothing.
    """
    return _program_of((user_agent or "")[:_LOOKED_AT])


@lru_cache(1_000)
def _program_of(user_agent: str) -> str:
    if not user_agent.startswith("Mozilla/"):
        product = _PRODUCT.match(user_agent)
        return product.group() if product else ""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " on ".join(filter(None, (browser, system)))
