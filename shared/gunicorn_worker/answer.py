"""Sends an answer: gunicorn's rules for its head, one system call for head and first part of the body."""

import socket

from gunicorn.http.wsgi import Response

TAKEN_WITHIN = 10.0
"""Seconds that a client has to take each part of an answer. A thread waits for it."""


class ClientLostError(ConnectionError):
    """The client is gone, or doesn't take its answer."""


def send(client: socket.socket, data: bytes) -> None:
    """Send all of it over a socket that doesn't block. Raises ClientLostError."""
    try:
        try:
            sent = client.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            client.settimeout(TAKEN_WITHIN)
            client.sendall(memoryview(data)[sent:])
            client.setblocking(False)
    except OSError as error:
        raise ClientLostError(str(error)) from error


class Answer(Response):
    """Holds its head back until there is something to send with it."""

    _head = b""

    @property
    def begun(self) -> bool:
        """Whether the client has got something of it."""
        return self.headers_sent and not self._head

    def send_headers(self) -> None:
        """Prepare the head."""
        if not self.headers_sent:
            fields = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
            self._head = f"{''.join(self.default_headers())}{fields}\r\n".encode("latin-1")
            self.headers_sent = True

    def close(self) -> None:
        """Send what is left."""
        self.send_headers()
        last = b"0\r\n\r\n" if self.chunked else b""
        if self._head or last:
            self._send(last)

    def _emit_body(self, data: bytes) -> None:
        self._send(b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def _send(self, data: bytes) -> None:
        head, self._head = self._head, b""
        send(self.sock, head + data)
