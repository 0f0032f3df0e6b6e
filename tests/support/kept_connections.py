"""An authorization server whose connections are kept, and end as a test says."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from shared.resource_server import token_digest
from tests.support.stub_authorization_server import reply

RESOURCE, ISSUER = "https://plans.example/", "https://auth.example"

Ending = Callable[[socket.socket], None]
"""Given a connection on which a request was read that isn't answered."""


class KeptConnections:
    """`ending` is what a connection does with its next request; None while all are answered. New ones always answer."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._tls = tls
        self.port = self._listener.getsockname()[1]
        self.address = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self.ending: Ending | None = None
        self.together: threading.Barrier | None = None
        """Where answers wait for each other, so that as many connections are open at once."""
        self._idle: set[socket.socket] = set()
        self.opened = 0
        self.requests = 0
        self.last_request = b""

    @classmethod
    @contextmanager
    def running(cls, tls: ssl.SSLContext | None = None) -> Iterator["KeptConnections"]:
        server = cls(tls)
        threading.Thread(target=server._accept, daemon=True).start()
        try:
            yield server
        finally:
            server.stop()

    def stop(self) -> None:
        """Refuse connections from now on."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close_idle(self) -> None:
        """Close the connections on which no request is being answered."""
        while self._idle:
            socket.socket.shutdown(self._idle.pop(), socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self.opened += 1
        with suppress(OSError), connection:
            if self._tls is None:
                return self._converse(connection)
            with self._tls.wrap_socket(connection, server_side=True) as secured:
                return self._converse(secured)

    def _converse(self, connection: socket.socket) -> None:
        is_new = True
        self._idle.add(connection)
        while request := _read_request(connection):
            self._idle.discard(connection)
            self.requests += 1
            self.last_request = request
            if self.ending and not is_new:
                return self.ending(connection)
            if self.together:
                self.together.wait(60)
            self._idle.add(connection)
            connection.sendall(_answer_to(request))
            is_new = False
        self._idle.discard(connection)
        return None


def without_a_word(connection: socket.socket) -> None:
    """TLS isn't told either."""
    plain = socket.socket(fileno=connection.detach())
    plain.shutdown(socket.SHUT_RDWR)
    plain.close()


def with_farewell(connection: socket.socket) -> None:
    """Closed in due form."""
    with suppress(OSError):
        if isinstance(connection, ssl.SSLSocket):
            connection.unwrap()
    connection.close()


def with_reset(connection: socket.socket) -> None:
    """As by a load balancer that forgot the connection."""
    plain = socket.socket(fileno=connection.detach())
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    plain.close()


def in_silence(connection: socket.socket) -> None:
    """As by a firewall that forgot the connection: nothing comes any more, until the other side gives up."""
    with suppress(OSError):
        while connection.recv(1):
            time.sleep(0.01)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65_536)
        if not received:
            return b""
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
    )
    while len(body) < length:
        received = connection.recv(65_536)
        if not received:
            return b""
        body += received
    return head + b"\r\n\r\n" + body


def _answer_to(request: bytes) -> bytes:
    token = request.partition(b"token=")[2].partition(b"&")[0].decode()
    now = int(time.time())
    claims: dict[str, Any] = {
        "active": True,
        "scope": "plans:read",
        "client_id": "client_1",
        "username": "mo",
        "sub": "sub_1",
        "aud": [RESOURCE],
        "iss": ISSUER,
        "exp": now + 600,
        "iat": now,
        "token_type": "Bearer",
        "jti": token_digest(token),
        "grant_id": "0" * 32,
    }
    return reply(body=json.dumps(claims).encode())
