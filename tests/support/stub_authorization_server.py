"""An authorization server that answers /introspect exactly as a test says, byte for byte: also wrongly."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket, str], None]
"""Given the connection, whose request was read, and the token that was asked about."""


class StubAuthorizationServer:
    """Listens on a free port. `behaviour` may be changed at any time."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.behaviour: Behaviour = lambda _connection, _token: None
        self.requests: list[bytes] = []

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["StubAuthorizationServer"]:
        stub = cls()
        threading.Thread(target=stub._accept, daemon=True).start()
        try:
            yield stub
        finally:
            stub.close()

    def close(self) -> None:
        """Refuse connections from now on."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, EOFError):
            request = _read_request(connection)
            self.requests.append(request)
            self.behaviour(connection, request.partition(b"token=")[2].partition(b"&")[0].decode())


def _read_request(connection: socket.socket) -> bytes:
    """The whole request. Raises EOFError where it ends before."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    (length,) = (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    while len(body) < length:
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        raise EOFError
    return received


def reply(
    status: str = "200 OK",
    body: bytes = b"",
    *,
    content_type: str = "application/json",
    more: str = "",
    length: str = "",
) -> bytes:
    """A whole answer. `more` are further header lines; `length` overrides the true Content-Length."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length or len(body)}\r\n{more}\r\n"
    return head.encode() + body


def drip(connection: socket.socket, data: bytes) -> None:
    """One byte every twentieth of a second."""
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def flood(connection: socket.socket, start: bytes) -> None:
    """Never stop sending."""
    connection.sendall(start)
    while True:
        connection.sendall(b" " * 65_536)
