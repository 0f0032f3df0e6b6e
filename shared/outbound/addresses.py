"""We connect to public IP addresses, and to private ones if the operator allows it.

Somebody else chooses where we connect to. They must not reach what only we can reach (server-side request forgery).
"""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_NOT_PUBLIC = (IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""Not every Python knows that these are not public."""
_METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")))
"""Cloud providers hand out credentials there, beside 169.254.169.254, which is link-local."""


def may_connect(address: str, *, allow_private: bool) -> bool:
    """Say whether this address may be connected to. It begins at no."""
    try:
        target = _target(ipaddress.ip_address(address))
    except ValueError:
        return False
    if target.is_unspecified or target.is_multicast or target.is_link_local or target in _METADATA:
        return False
    return allow_private or _is_public(target)


def is_ip_address(host: str) -> bool:
    """Say whether it is an address already, which nobody has to be asked for."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def stays_here(host: str) -> bool:
    """Say whether a name or an address can only stand for this machine (RFC 6761 §6.3)."""
    if is_ip_address(host):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _target(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return where the packets end up: IPv6 has several ways to write an IPv4 address (RFC 4291, 3056, 6052)."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not any(address in network for network in _NOT_PUBLIC)
