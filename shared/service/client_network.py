"""Whom an address belongs to. Everything that counts what strangers send counts networks, not single addresses.

Whoever has one address of IPv6 has a whole /64 (RFC 4291 §2.5.4), 2^64 addresses, and can use another for each request.
"""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""Translators between IPv4 and IPv6 put all of IPv4 here (RFC 6052 §2.1)."""


@lru_cache(1_000)
def client_network(address: str | None) -> str:
    """Return the /64 of an IPv6 address, an IPv4 address itself, also if it is written as IPv6, or any other text."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or ""
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed in _TRANSLATED:
        return str(ip_address(parsed.packed[-4:]))
    return str(parsed.ipv4_mapped or IPv6Network((parsed.packed, 64), strict=False))
