"""A proxy in front of the authorization server that can spoil its feed alone, or everything: cut it, swallow it, let
answers come late or hold them back. The store's faults are `proxy.py`.
"""

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self

FEED, INTROSPECTION = "/revocations", "/introspect"
_REQUEST = re.compile(rb"(?:GET|POST) (/[a-z]+)")

Fault = Callable[[], bool]
"""Called when an answer has come: whether to pass it on, after as long as that takes."""


def late(seconds: float) -> Fault:
    """What was said in time arrives so much later."""

    def fault() -> bool:
        time.sleep(seconds)
        return True

    return fault


def held(until: threading.Event) -> Fault:
    """Nothing arrives before a test says so."""
    return lambda: until.wait(60)


def cut() -> bool:
    """The connection breaks."""
    raise ConnectionError


def swallow() -> bool:
    """Nothing arrives, and nobody says so. What was swallowed stays swallowed when the fault has ended."""
    return False


class SpoiledBackChannel:
    """Knows requests by how they begin, one at a time on a connection. Faults hold for requests under way too."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._faults: dict[str, Fault] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: Counter[str] = Counter()
        """How many were sent to each path."""

    @classmethod
    @contextmanager
    def to(cls, port: int) -> Iterator[Self]:
        """A running one; at first nothing is spoiled."""
        proxy = cls(port)
        threading.Thread(target=proxy._accept, daemon=True).start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                proxy._listener.shutdown(socket.SHUT_RDWR)
            proxy._listener.close()

    def lead_to(self, port: int) -> None:
        """Connect to another server from now on; connections that are open stay with the one before."""
        self._target = ("127.0.0.1", port)

    def spoil(self, fault: Fault, *paths: str) -> None:
        """From now on; without paths, whatever is asked."""
        self._faults = dict.fromkeys(paths or (FEED, INTROSPECTION), fault)

    def recover(self) -> None:
        """Pass everything on again. What was swallowed stays swallowed."""
        self._faults = {}

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(self._target) as far:
            for connection in (near, far):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                exchange = _Exchange()
                threading.Thread(target=self._pass_answers, args=(far, near, exchange), daemon=True).start()
                while data := near.recv(65_536):
                    self._pass_request(data, far, exchange)
            finally:
                _shut(near, far)

    def _pass_request(self, data: bytes, far: socket.socket, exchange: "_Exchange") -> None:
        if request := _REQUEST.match(data):
            exchange.path, exchange.answered = request[1].decode(), False
            self.requests[exchange.path] += 1
        fault = self._faults.get(exchange.path)
        if fault in {cut, swallow}:  # the others spoil the answer only
            exchange.swallowed |= not fault()
        if not exchange.swallowed:
            far.sendall(data)

    def _pass_answers(self, far: socket.socket, near: socket.socket, exchange: "_Exchange") -> None:
        with suppress(OSError):
            while data := far.recv(65_536):
                if not exchange.answered:
                    exchange.answered = True
                    fault = self._faults.get(exchange.path)
                    exchange.swallowed |= fault is not None and not fault()
                if not exchange.swallowed:
                    near.sendall(data)
        _shut(near, far)


class _Exchange:
    """The request that a connection is busy with."""

    path = ""
    answered = False
    swallowed = False


def _shut(*connections: socket.socket) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
