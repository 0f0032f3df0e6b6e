"""The authority that a person trusts for `make up TLS=1` can't be turned against them."""

import ipaddress
import ssl
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tools import local_certificate


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(local_certificate, "CERTIFICATE_FILE", tmp_path / "site.pem")
    monkeypatch.setattr(local_certificate, "CA_FILE", tmp_path / "ca.crt")
    return tmp_path


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "auth.internal", "fit.internal"])
def test_who_trusts_the_authority_reaches_each_name_of_this_machine(folder: Path, name: str) -> None:
    assert local_certificate.ensure_certificate()
    shake_hands(folder, name)


def test_who_does_not_trust_it_is_refused(folder: Path) -> None:
    local_certificate.ensure_certificate()
    other = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate"):
        shake_hands(folder, "localhost", other)


@pytest.mark.parametrize("name", ["bank.example", "a.localhost.example", "192.0.2.1"])
def test_the_authority_can_not_vouch_for_another_name(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_certificate, "_NAMES", [general_name(name)])
    local_certificate.ensure_certificate()
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(folder, name)


def test_the_key_is_its_owners_and_the_authoritys_key_is_nowhere(folder: Path) -> None:
    local_certificate.ensure_certificate()
    assert stat.S_IMODE((folder / "site.pem").stat().st_mode) == 0o600
    assert {file.name: file.read_text().count("PRIVATE KEY") for file in folder.iterdir()} == {
        "site.pem": 2,
        "ca.crt": 0,
    }
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    key = load_pem_private_key((folder / "site.pem").read_bytes(), None)
    assert authority.public_key() != key.public_key()


def test_a_certificate_is_kept_until_its_last_month(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_certificate, "_LASTS", timedelta(days=31))
    assert local_certificate.ensure_certificate()
    before = (folder / "ca.crt").read_bytes()
    assert not local_certificate.ensure_certificate()
    assert (folder / "ca.crt").read_bytes() == before
    monkeypatch.setattr(local_certificate, "_RENEWED_BEFORE", timedelta(days=31))
    assert local_certificate.ensure_certificate()
    assert (folder / "ca.crt").read_bytes() != before


def shake_hands(folder: Path, name: str, client: ssl.SSLContext | None = None) -> None:
    """Between a server that has the certificate and a client that expects this name. Raises ssl.SSLError."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "site.pem")
    client = client or ssl.create_default_context(cafile=folder / "ca.crt")
    one, other = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(one, other, server_hostname=name),
        server.wrap_bio(other, one, server_side=True),
    ]
    waiting = True
    while waiting:
        waiting = False
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                waiting = True


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
