"""The certificate of `make up TLS=1`; `python -m tools.local_certificate` makes it where there is none.

Its authority, which people and programs have to trust, can vouch for names of this machine only (RFC 5280 §4.2.1.10),
and its key is thrown away once it has signed. So nobody who gets at this checkout can make another certificate.
"""

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tools.console import say
from tools.paths import CA_FILE, CERTIFICATE_FILE

_NAMES: list[x509.GeneralName] = [
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.DNSName("auth.internal"),  # as containers call the proxy
    x509.DNSName("fit.internal"),
]
_PERMITTED: list[x509.GeneralName] = [
    x509.IPAddress(ipaddress.ip_network("127.0.0.1/32")) if isinstance(name, x509.IPAddress) else name
    for name in _NAMES
]
_LASTS = timedelta(days=730)
_RENEWED_BEFORE = timedelta(days=30)


def ensure_certificate() -> bool:
    """Make the certificate unless there is one that lasts; whether it was made."""
    if _lasts():
        return False
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    certificate = _certificate(key, authority, authority_key)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    CERTIFICATE_FILE.touch(mode=0o600)
    CERTIFICATE_FILE.write_bytes(_pem(certificate) + secret)
    CA_FILE.write_bytes(_pem(authority))
    CA_FILE.chmod(0o644)  # services read it in their containers
    return True


def _lasts() -> bool:
    if not (CERTIFICATE_FILE.exists() and CA_FILE.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(CERTIFICATE_FILE.read_bytes())
    return certificate.not_valid_after_utc - datetime.now(UTC) > _RENEWED_BEFORE


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("Moogle on this machine: authority")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _begun(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=_PERMITTED, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    key: ec.EllipticCurvePrivateKey, authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _begun(_name("Moogle on this machine"), authority.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LASTS)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


if __name__ == "__main__" and ensure_certificate():
    say(f"Made a certificate: who is to believe it has to trust {CA_FILE}.")
