"""A TCP proxy in front of a store that can lose answers, keep requests, fall silent and disappear."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self
from urllib.parse import urlsplit


class TcpProxy:
    """Passes bytes on between its own port and a target, unless told otherwise."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._answers_to_lose = 0
        self._passing = threading.Event()
        self._passing.set()
        self._refusing = False
        self._to_hold = 0
        self._let_go = threading.Event()
        self.holds = threading.Event()
        """A connection waits since `hold`."""
        self._open: set[socket.socket] = set()
        self.lost = 0
        """Answers that were lost since `lose_answers`."""

    @classmethod
    @contextmanager
    def to(cls, url: str) -> Iterator[Self]:
        """A running proxy in front of the server at `url`."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        proxy = cls(parts.hostname, parts.port)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                proxy._handle(self.request)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler, bind_and_activate=False) as server:
            server.daemon_threads, server.block_on_close = True, False
            server.request_queue_size = 128
            server.server_bind()
            server.server_activate()
            proxy.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield proxy
            finally:
                proxy.refuse()
                server.shutdown()

    port: int

    def lose_answers(self, count: int) -> None:
        """Close the connection instead of passing on each of the next answers; the server has acted."""
        self._answers_to_lose, self.lost = count, 0

    def hold(self) -> None:
        """Let the next connection wait until `let_go`, with what it brings; later ones pass it."""
        self._let_go.clear()
        self.holds.clear()
        self._to_hold = 1

    def let_go(self) -> None:
        """Pass on what was held."""
        self._let_go.set()

    def lead_to(self, url: str, *, keep_open: bool) -> None:
        """Pass what comes from now on to another server, and what is open too unless it is closed."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        if not keep_open:
            self._close_all()

    def fall_silent(self) -> None:
        """Accept everything and answer nothing: a black hole."""
        self._passing.clear()

    def refuse(self) -> None:
        """Close what is open and whatever comes."""
        self._refusing = True
        self._passing.set()
        self._close_all()

    def recover(self) -> None:
        """Pass everything on again. Connections from the silent time are closed, what they held is lost."""
        self._close_all()
        self._refusing = False
        self._passing.set()

    def _close_all(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _handle(self, near: socket.socket) -> None:
        if self._refusing:
            return
        if self._to_hold:
            self._to_hold -= 1
            self.holds.set()
            self._let_go.wait()
        with socket.create_connection(self._target) as far:
            self._open |= {near, far}
            answering = threading.Thread(target=self._pass_answers, args=(far, near), daemon=True)
            answering.start()
            self._pass(near, far)
            answering.join()
            self._open -= {near, far}

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not self._passing.is_set():
                    continue  # swallowed: it must not arrive late
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _pass_answers(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while data := far.recv(65_536):
                if self._answers_to_lose:
                    self._answers_to_lose -= 1
                    self.lost += 1
                    break
                near.sendall(data)
        for end in (near, far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def proxied(url: str, proxy: TcpProxy) -> str:
    """The same store, reached through the proxy."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"127.0.0.1:{proxy.port}").geturl()
