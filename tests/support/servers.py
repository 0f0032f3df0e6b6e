"""Real servers for tests, on free ports of the loopback interface: Redis (fake and real) and WSGI applications."""

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from tools.embedded_redis import EmbeddedRedis


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def redis_server() -> str | None:
    """The program, if this machine has it."""
    return shutil.which("redis-server") or shutil.which("valkey-server")


@contextmanager
def fake_redis() -> Iterator[str]:
    """What `make up` takes where there is no redis-server."""
    server = EmbeddedRedis(0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def real_redis(*options: str) -> Iterator[str]:
    program, port = redis_server(), free_port()
    assert program is not None, "redis-server is not installed"
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait_for_redis(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


def _wait_for_redis(port: int) -> None:
    for _ in range(200):
        try:
            with redis.Redis(port=port) as client:
                client.ping()
        except redis.ConnectionError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("redis-server did not start")


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args: object) -> None:
        pass


@contextmanager
def serve(app: Flask, port: int) -> Iterator[None]:
    """Serve an application from threads of this process."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
