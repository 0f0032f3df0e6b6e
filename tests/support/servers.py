"""Real servers for tests, on free ports of the loopback interface: Redis (fake and real) and WSGI applications."""

import itertools
import logging
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import redis
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from tools.addresses import is_free
from tools.embedded_redis import EmbeddedRedis

_PORTS = range(11_000, 21_000)
"""Below those that a kernel gives to outgoing connections, of which one may come between choice and use."""


def _ports_of_this_process() -> Iterator[int]:
    """No other process of this test run has one of these; they begin anywhere: another run may be near."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = _PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    begin = random.randrange(len(own))
    return itertools.cycle([*own[begin:], *own[:begin]])


_ports = _ports_of_this_process()


def free_port() -> int:
    """A port that nobody listens at, and that nobody was given lately."""
    return next(port for port in _ports if is_free(port))


def answers(port: int) -> bool:
    """Whether somebody takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def redis_server() -> str | None:
    """The program, if this machine has it."""
    return shutil.which("redis-server") or shutil.which("valkey-server")


@contextmanager
def fake_redis() -> Iterator[str]:
    """What `make up` takes where there is no redis-server. Its own log, of every command, is not the service's."""
    logging.getLogger("fakeredis").setLevel(logging.WARNING)
    server = EmbeddedRedis(0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    finally:
        server.shutdown()
        server.server_close()


class RedisServer:
    """redis-server with a folder for its data; may be killed and started again. `credentials`: `user:password@`."""

    def __init__(
        self, folder: Path, *options: str, credentials: str = "", environment: Mapping[str, str] | None = None
    ) -> None:
        program = redis_server()
        assert program is not None, "redis-server is not installed"
        self._folder, self.port = folder, free_port()
        address = ["--port", str(self.port), "--bind", "127.0.0.1"]
        self._command = [program, *address, "--dir", str(folder), "--save", "", *options]
        self._environment = {**os.environ, **(environment or {})}
        self.url = f"redis://{credentials}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Return when it answers."""
        self._process = subprocess.Popen(self._command, env=self._environment, stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
            except redis.ConnectionError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("redis-server did not start")

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def kill(self) -> None:
        """Without a word."""
        self._process.kill()
        self._process.wait()

    def lose_data(self) -> None:
        """Begin empty at the next start."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()


@contextmanager
def running_redis(*options: str) -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder) / "data", *options)
        server.lose_data()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def real_redis(*options: str) -> Iterator[str]:
    with running_redis(*options) as server:
        yield server.url


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args: object) -> None:
        pass


@contextmanager
def serve(app: Flask, port: int) -> Iterator[None]:
    """Serve an application from threads of this process; at the end it is gone at once, not half a second later."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
