"""An app chooses where we connect to, and reaches nothing that only we can reach (server-side request forgery)."""

import pytest

from fit_service.rules.refusals import InvalidValueError
from fit_service.web.webhook_url import parse_url
from shared.outbound.addresses import may_connect

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::808:808", "::ffff:8.8.8.8"]

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",  # carriers' NAT
    "192.0.0.170",
    "192.88.99.1",  # 6to4 relays
    "192.0.2.1",
    "198.18.0.1",  # benchmarks
    "198.51.100.7",
    "203.0.113.9",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fec0::1",  # site-local, of old
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "::7f00:1",  # IPv4-compatible, of old
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.1.2.3",
    "2002:7f00:1::",  # 6to4
    "2002:c0a8:101::1",
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b::a9fe:101",
    "64:ff9b:1::1",
]

NEVER = [
    "0.0.0.0",
    "::",
    "::ffff:0.0.0.0",
    "169.254.169.254",  # metadata of most clouds
    "169.254.170.2",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "fd00:ec2::254",
    "100.100.100.200",
    "192.0.0.192",
    "fe80::1",
    "fe80::1%eth0",
    "224.0.0.1",
    "224.0.1.1",
    "239.255.255.250",
    "ff02::1",
    "not an address",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_connected_to(address: str) -> None:
    assert may_connect(address, allow_private=False)
    assert may_connect(address, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_the_operators_permission(address: str) -> None:
    assert not may_connect(address, allow_private=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "fd12::1", "::ffff:10.1.2.3"])
def test_with_the_operators_permission_private_addresses_may_be_connected_to(address: str) -> None:
    assert may_connect(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_nobodys_whatever_the_operator_allows(address: str) -> None:
    assert not may_connect(address, allow_private=False)
    assert not may_connect(address, allow_private=True)


# What may be registered

GOOD_URLS = [
    "https://app.example/hook",
    "https://app.example",
    "https://app.example:8443/a/b?user=7&x=%20",
    "https://xn--bcher-kva.example/",
    "https://8.8.8.8/hook",
    "https://[2606:2800:220:1:248:1893:25c8:1946]:444/",
    "HTTPS://APP.example/",
]

LOOPBACK_URLS = [
    "http://localhost:9000/hook",
    "http://127.0.0.1/",
    "http://127.8.9.1:1/",
    "http://[::1]:9000/",
    "https://localhost/",
    "https://app.localhost/",
]

BAD_URLS = [
    None,
    7,
    ["https://app.example/"],
    "",
    "app.example",
    "//app.example/",
    "https:",
    "https://",
    "https:///hook",
    "https:app.example",
    "http://app.example/",
    "http://localhost.app.example/",
    "http://127.0.0.1.app.example/",
    "http://10.0.0.1/",
    "ftp://app.example/",
    "file:///etc/passwd",
    "gopher://localhost/",
    "javascript:alert(1)",
    "https://user:password@app.example/",
    "https://user@app.example/",
    "https://app.example/#part",
    "https://app.example/#",
    "https://app.example:0/",
    "https://app.example:65536/",
    "https://app.example:x/",
    "https://app.example:-1/",
    "https://[::1/",
    "https://[fe80::1%25eth0]/",
    "https://app..example/",
    "https://.example/",
    "https://app.example./",
    "https://-app.example/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.256/",
    "https://app.example/a b",
    "https://app.example/\r\nHost: x",
    "https://app.example/\t",
    "https://app.example\\@evil.example/",
    "https://bücher.example/",
    "https://①②⑦.⓪.⓪.①/",
    "https://app.example/" + "x" * 1_000,
    "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::ffff:169.254.169.254]/",
    "https://224.0.0.1/",
]


@pytest.mark.parametrize("url", GOOD_URLS)
def test_https_to_a_public_host_may_be_registered(url: str) -> None:
    assert parse_url(url, allow_private=False) == url


@pytest.mark.parametrize(
    "url", [*LOOPBACK_URLS, "https://redis/", "https://10.0.0.1/", "https://[fd12::1]/", "https://100.64.0.1/"]
)
def test_loopback_and_private_addresses_may_be_registered_if_the_operator_allows_it(url: str) -> None:
    assert parse_url(url, allow_private=True) == url
    with pytest.raises(InvalidValueError) as refusal:
        parse_url(url, allow_private=False)
    assert [fault.field for fault in refusal.value.faults] == ["url"]


@pytest.mark.parametrize("url", BAD_URLS)
@pytest.mark.parametrize("allow_private", [False, True])
def test_nothing_else_may_be_registered(url: object, allow_private: bool) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        parse_url(url, allow_private=allow_private)
    assert [fault.field for fault in refusal.value.faults] == ["url"]
