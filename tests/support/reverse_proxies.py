"""nginx, HAProxy and Caddy with the configurations of `deploy/proxy`, in front of whatever a test serves."""

import getpass
import http.client
import os
import shutil
import socket
import ssl
import string
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.gunicorn_process import ROOT
from tests.support.polling import eventually
from tests.support.servers import free_port

NAMES = ("id.moogle.test", "fit.moogle.test", "app.moogle.test")
SERVERS = ("AUTH_1", "AUTH_2", "FIT_1", "FIT_2", "APP")


@dataclass(frozen=True)
class Kind:
    """A program, its configuration, and how it is told of a Unix socket."""

    program: str
    file: str
    arguments: tuple[str, ...]
    unix: str

    @property
    def path(self) -> str | None:
        """Where it is, if this machine has it."""
        return shutil.which(self.program, path=f"{os.environ['PATH']}:/usr/sbin")


NGINX = Kind("nginx", "nginx.conf", ("-c",), "unix:")
HAPROXY = Kind("haproxy", "haproxy.cfg", ("-f",), "unix@")
CADDY = Kind("caddy", "Caddyfile", ("run", "--adapter", "caddyfile", "--config"), "unix/")
KINDS = {kind.program: kind for kind in (NGINX, HAPROXY, CADDY)}


@dataclass(frozen=True)
class ReverseProxy:
    """A running one."""

    port: int
    tls: ssl.SSLContext

    @contextmanager
    def connection(self, name: str = NAMES[0]) -> Iterator[http.client.HTTPConnection]:
        """To the site of this name."""
        connection = http.client.HTTPConnection(name, self.port, timeout=60)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        with plain, self.tls.wrap_socket(plain, server_hostname=name) as connection.sock:
            yield connection

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of the answer."""
        with self.connection() as connection:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()


@contextmanager
def reverse_proxy(kind: Kind, servers: Mapping[str, str]) -> Iterator[ReverseProxy]:
    """Run it in front of these, each of which is `host:port` or the path of a socket."""
    with open_folder() as folder:
        yield from _running(kind, folder, servers)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that others may enter: a proxy that root starts goes on as somebody else."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _running(kind: Kind, folder: Path, servers: Mapping[str, str]) -> Iterator[ReverseProxy]:
    assert kind.path is not None, f"{kind.program} is not installed"
    tls, port = _certificate(folder), free_port()
    values = {name: kind.unix + server if server.startswith("/") else server for name, server in servers.items()}
    configuration = ROOT / "deploy" / "proxy" / kind.file
    environment = {**os.environ, "HOME": str(folder)}
    if kind is HAPROXY:
        environment |= values | _of_haproxy(folder, port)
    else:
        text = string.Template(configuration.read_text()).safe_substitute(values, STATE=str(folder), TLS=str(port))
        configuration = folder / kind.file
        configuration.write_text(text)
    command = [kind.path, *kind.arguments, str(configuration)]
    with (folder / f"{kind.program}.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    proxy = ReverseProxy(port, tls)
    try:
        eventually(lambda: _answers(proxy))
        yield proxy
    finally:
        process.terminate()
        process.wait(60)


def _of_haproxy(folder: Path, port: int) -> dict[str, str]:
    hosts = dict(zip(("AUTH_HOSTS", "FIT_HOSTS", "APP_HOSTS"), (f"{name}:{port}" for name in NAMES), strict=True))
    bind = f"127.0.0.1:{port} ssl crt {folder}/site.pem alpn h2,http/1.1"
    return {**hosts, "BIND": bind, "INSIDE": "192.0.2.1", "RUN_AS": getpass.getuser()}


def _answers(proxy: ReverseProxy) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return proxy.ask("GET", "/")[0] < 500
    return False


def _certificate(folder: Path) -> ssl.SSLContext:
    """Of all three names, signed by itself; and what trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[0])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES]), critical=False)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "site.crt").write_bytes(certificate)
    (folder / "site.key").write_bytes(secret)
    (folder / "site.pem").write_bytes(certificate + secret)
    return ssl.create_default_context(cafile=str(folder / "site.crt"))
