"""Whoever chooses the address of a document reaches nothing through us that only we can reach."""

import socket
import ssl
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from auth_service.protocol.client_documents.reading import DocumentReader, UnreachableError
from tests.support.document_host import DocumentHost

INSIDE = [
    "127.0.0.1",
    "127.8.9.1",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    "fc00::1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
]


LOOPBACK = {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"}


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses to which this thread connects."""
    connected: list[Any] = []
    here, connect = threading.get_ident(), socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        if threading.get_ident() == here:
            connected.append(address[:2])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    return connected


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Have names lead to these addresses; the names that were asked for."""
    asked: list[str] = []
    others = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *where: Any, **options: Any) -> Sequence[Any]:
        if threading.current_thread().name != "look-up":
            return others(host, port, *where, **options)
        asked.append(host)
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port))
            for family, address in zip(families, addresses, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §9.6", line=160)
@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_followed(
    tls: ssl.SSLContext, connected: list[Any], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    asked = resolving(monkeypatch, address)
    with pytest.raises(UnreachableError, match=r"^app\.example doesn't answer at a public address$"):
        DocumentReader(on_loopback=False, tls=tls).read("https://app.example/client.json")
    assert (asked, connected) == (["app.example"], [])


@pytest.mark.parametrize("address", [each for each in INSIDE if each not in LOOPBACK])
def test_the_setting_for_this_machine_opens_nothing_else(
    tls: ssl.SSLContext, connected: list[Any], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolving(monkeypatch, address)
    with pytest.raises(UnreachableError):
        DocumentReader(on_loopback=True, tls=tls).read("https://app.example/client.json")
    assert connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"])
@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §9.6", line=160)
def test_without_the_setting_this_machine_is_not_reached_by_any_of_its_names(
    tls: ssl.SSLContext, connected: list[Any], host: str
) -> None:
    with pytest.raises(UnreachableError):
        DocumentReader(on_loopback=False, tls=tls).read(f"https://{host}/client.json")
    assert connected == []


def test_of_several_addresses_only_the_allowed_is_connected_to_and_the_name_is_asked_once(
    tls: ssl.SSLContext, host: DocumentHost, connected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.put("/several", {"client_id": f"{host.url}/several"})
    asked = resolving(monkeypatch, "169.254.169.254", "10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1")
    read = DocumentReader(on_loopback=True, tls=tls).read(f"{host.url}/several")
    assert read.metadata == {"client_id": f"{host.url}/several"}
    assert (asked, [address for address, _ in connected]) == (["localhost"], ["127.0.0.1"])


def test_a_host_that_proves_nothing_by_its_certificate_is_not_believed(host: DocumentHost) -> None:
    host.put("/unproven", {})
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which trusts nobody
    with pytest.raises(UnreachableError, match="there is no TLS connection to localhost that can be trusted"):
        DocumentReader(on_loopback=True, tls=strict).read(f"{host.url}/unproven")
    assert host.times_asked("/unproven") == 0
