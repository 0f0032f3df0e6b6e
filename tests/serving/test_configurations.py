"""The services on a Unix socket, where gunicorn takes every peer for a proxy that it may believe."""

import runpy
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import create

from buffering_worker.request_head import HeadReader
from buffering_worker.settings import head_limits
from shared.gunicorn import configuration
from tests.support.gunicorn_process import ROOT

CONFIGURATIONS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/**/gunicorn.conf.py"))
CLAIMS = (
    b"GET /health/live HTTP/1.1\r\nHost: a.example\r\nSCRIPT_NAME: /health\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Ssl: on\r\nX-Forwarded-Protocol: ssl\r\n\r\n"
)
PEER = ""  # what accept() says of a client on a Unix socket


def environ_by_ours(config: Config) -> dict[str, Any]:
    reader, client = HeadReader(head_limits(config), multiprocess=True), socket.socket()
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
    file: str, read: Any, monkeypatch: Any, tmp_path: Path
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


def test_where_there_is_no_epoll_gunicorns_own_worker_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("select.epoll")
    assert runpy.run_path(configuration.__file__)["worker_class"] == "gthread"


def test_gunicorns_master_imports_nothing_that_a_reload_could_not_replace() -> None:
    """What it has imported, its workers inherit."""
    program = "import sys, shared.gunicorn.configuration; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "gunicorn" in loaded
    assert not loaded & {"auth_service", "fit_service", "flask", "prometheus_client", "redis", "sqlalchemy"}
