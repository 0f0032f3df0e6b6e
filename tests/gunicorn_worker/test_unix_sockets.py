"""The services on a Unix socket, where gunicorn takes every peer for a proxy that it may believe."""

import runpy
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import create

from buffering_worker.request_head import HeadReader
from shared.gunicorn import configuration
from tests.support.gunicorn_process import ROOT, GunicornProcess
from tests.support.servers import free_port

CONFIGURATIONS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/**/gunicorn.conf.py"))
CLAIMS = (
    b"GET /health/live HTTP/1.1\r\nHost: a.example\r\nSCRIPT_NAME: /health\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Ssl: on\r\nX-Forwarded-Protocol: ssl\r\n\r\n"
)
PEER = ""  # what accept() says of a client on a Unix socket


@pytest.fixture(params=["tests.support.plain_service.Worker", "gthread"])
def on_socket(request: pytest.FixtureRequest) -> Iterator[tuple[GunicornProcess, str]]:
    """The plain service, and the path of its socket: short, as the kernel wants it."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        options = ("-k", request.param, "--threads", "4", "-w", "1", "--no-control-socket", "-b", f"unix:{path}")
        app, log = "tests.support.plain_service:app", Path(folder) / "log"
        with GunicornProcess.running(app, free_port(), {}, *options, log=log) as process:
            process.wait_until_ready("/")
            yield process, path


def ask(path: str, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(path)
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_many_clients_on_a_unix_socket_are_answered_by_one_worker(on_socket: tuple[GunicornProcess, str]) -> None:
    process, path = on_socket
    workers = process.workers()
    request = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    for _ in range(5):
        assert ask(path, request).endswith(b"\r\n\r\nPOST /a abc")
    assert process.workers() == workers


def environ_by_ours(config: Config) -> dict[str, Any]:
    reader, client = HeadReader(config), socket.socket()
    with client:
        head = reader.read(bytearray(CLAIMS), reader.peers(client, PEER, "/run/moogle.sock"))
    assert head is not None
    return head.environ


def environ_by_gunicorn(config: Config) -> dict[str, Any]:
    """As its own workers do it."""
    request = Request(config, IterUnreader([CLAIMS]), PEER)
    with socket.socket() as client:
        made: Any = create(request, client, PEER, "/run/moogle.sock", config)
    environ: dict[str, Any] = made[1]
    return environ


@pytest.mark.parametrize("file", CONFIGURATIONS)
@pytest.mark.parametrize("read", [environ_by_ours, environ_by_gunicorn])
def test_no_client_on_a_unix_socket_changes_path_or_scheme(
    file: str, read: Any, monkeypatch: Any, tmp_path: Any
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(configuration, "refuse_bad_settings", lambda _: None)
    config = Config()
    for name, value in runpy.run_path(str(ROOT / file)).items():
        if name in config.settings:
            config.set(name, value)
    environ = read(config)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/health/live")
    assert environ["wsgi.url_scheme"] == "http"


def test_all_three_services_are_looked_at() -> None:
    assert len(CONFIGURATIONS) == 3
