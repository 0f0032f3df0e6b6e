"""Whom an address belongs to."""

import pytest

from shared.service.client_network import client_network


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),
        (None, ""),
        ("unix", "unix"),
    ],
)
def test_an_ipv6_address_stands_for_its_network_and_an_ipv4_address_for_itself(
    address: str | None, network: str
) -> None:
    assert client_network(address) == network
